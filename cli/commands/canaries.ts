import { readConfig } from '#platform/config/config.ts';
import { ApiClient } from '../api-client.ts';
import { CommandFailed } from '../exit.ts';
import { printJson, printTable } from '../output.ts';

interface CanaryView {
  readonly connection_id: string;
  readonly state: string;
  readonly sent_at: string;
  readonly outboxed: boolean;
  readonly published: boolean;
  readonly consumed_at: string | null;
}

/** `tributary canaries`: how far the latest canary of each connection has come; fails when one is late. */
export async function canaries(options: { readonly json?: boolean }): Promise<void> {
  const api = await ApiClient.open(readConfig(process.env));
  const answer = await api.get<{ interval_minutes: number; canaries: CanaryView[] }>(
    '/v1/canaries',
  );
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
