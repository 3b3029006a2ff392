import { readConfig } from '#platform/config/config.ts';
import { allOf } from '../all-pages.ts';
import { openApi } from '../api-client.ts';
import { CommandFailed } from '../exit.ts';
import { printJson, printTable } from '../output.ts';

/** `tributary canaries`: how far the latest canary of each connection has come; fails when one is late. */
export async function canaries(options: { readonly json?: boolean }): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const { interval_minutes } = await api.get('/v1/canaries', { params: { query: { limit: 1 } } });
  const answer = {
    interval_minutes,
    canaries: await allOf(async (cursor) => {
      const page = await api.get('/v1/canaries', { params: { query: { limit: 500, cursor } } });
      return { things: page.canaries, next: page.next_cursor };
    }),
  };
  if (options.json) printJson(answer);
  else if (answer.interval_minutes === 0) {
    process.stdout.write('No canaries are sent: set TRIBUTARY_CANARY_MINUTES.\n');
  } else {
    printTable(
      ['CONNECTION', 'STATE', 'SENT', 'IN OUTBOX', 'PROVEN', 'CONSUMED'],
      answer.canaries.map((one) => [
        one.connection_id,
        one.state,
        one.sent_at,
        one.outboxed ? 'yes' : 'no',
        one.published ? 'yes' : 'no',
        one.consumed_at ?? 'no',
      ]),
    );
  }
  const late = answer.canaries.filter(({ state }) => state === 'late').length;
  if (answer.interval_minutes > 0 && late > 0) {
    throw new CommandFailed(`The canaries of ${late} connections are late.`);
  }
}
