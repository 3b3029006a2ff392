import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { adaptersByProvider } from '#adapters/registry.ts';
import { type Config, readConfig } from '#platform/config/config.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { LINK_MINUTES } from '#services/access/local-issuer.ts';
import { type RunningServer, startServer } from '#services/main.ts';
import { type Api, openApi } from '../api-client.ts';
import { AcknowledgedEvents, type Audit } from '../demo/acknowledged-events.ts';
import { type ConnectedSandbox, startSandboxes } from '../demo/sandboxes.ts';
import { eventMessages } from '../event-stream.ts';
import { CommandFailed } from '../exit.ts';
import { removeServerNote, writeServerNote } from '../running-server.ts';
import { onShutdown } from '../shutdown.ts';
import { eventLine } from './tail.ts';

export interface DemoOptions {
  readonly seconds?: number;
  readonly rate: number;
}

const DEMO_DIR = resolve('.tributary/demo');
const SUMMARY_MS = 10_000;

/** `tributary demo`: the server, and sandbox CRMs that send it signed webhooks. */
export async function demo(options: DemoOptions): Promise<void> {
  const config = demoConfig();
  const logger = pino({ level: 'warn' });
  const server = await startServer({ config, logger });
  await writeServerNote(config.dataDir, { url: server.url, pid: process.pid });
  const api = await openApi(config);
  const acknowledged = new AcknowledgedEvents(join(DEMO_DIR, 'acknowledged.txt'));
  const earlier = await acknowledged.audit(api);
  const sandboxes = await startSandboxes({
    api,
    adapters: adaptersByProvider().values(),
    folder: DEMO_DIR,
    tenantId: config.tenantId,
    acknowledged,
  });

  const draining = new AbortController();
  const show = showEvents(api, draining.signal);
  const sending = sendChanges(sandboxes, options.rate);
  const summary = setInterval(() => void acknowledged.audit(api).then(printAudit), SUMMARY_MS);
  const stop = async () => {
    clearInterval(sending);
    clearInterval(summary);
    await Promise.all(sandboxes.map(({ sandbox }) => sandbox.idle()));
    const audit = await acknowledged.audit(api);
    await Promise.all(sandboxes.map(({ sandbox }) => sandbox.close()));
    draining.abort();
    await show;
    // Last, where it is seen.
    printAudit(audit);
    await server.close();
    await removeServerNote(config.dataDir);
    if (audit.missing.length > 0) throw new CommandFailed('Acknowledged events are missing.');
  };
  onShutdown(logger, stop);
  introduce(server, sandboxes, earlier);
  if (options.seconds !== undefined) {
    setTimeout(() => process.kill(process.pid, 'SIGTERM'), options.seconds * 1_000);
  }
}

/** The demo's own folders, so that it never meets the data of a real server. */
function demoConfig(): Config {
  const { TRIBUTARY_DATA_DIR, TRIBUTARY_KEY_DIR, ...env } = process.env;
  return readConfig({
    // Each event is looked up in the outbox as it passes.
    TRIBUTARY_API_RATE_LIMIT_PER_SECOND: '10000',
    ...env,
    // Also when they are set to nothing, which counts as not set.
    TRIBUTARY_DATA_DIR: TRIBUTARY_DATA_DIR || join(DEMO_DIR, 'data'),
    TRIBUTARY_KEY_DIR: TRIBUTARY_KEY_DIR || join(DEMO_DIR, 'keys'),
  });
}

/** One after the other, so that every provider is seen. @param perSecond of all together */
function sendChanges(sandboxes: readonly ConnectedSandbox[], perSecond: number): NodeJS.Timeout {
  for (const { sandbox } of sandboxes) sandbox.emit(1);
  let next = 0;
  return setInterval(() => {
    for (let count = Math.max(1, Math.round(perSecond / 2)); count > 0; count -= 1) {
      sandboxes[next % sandboxes.length]?.sandbox.emit(1);
      next += 1;
    }
  }, 500);
}

/** Prints each message of the bus with what the outbox holds of it. */
async function showEvents(api: Api, signal: AbortSignal): Promise<void> {
  try {
    const stream = await api.raw.GET('/v1/events/stream', { parseAs: 'stream', signal });
    for await (const data of eventMessages(stream.data ?? null)) {
      const event = JSON.parse(data) as CanonicalEvent;
      const rows = await outboxRows(api, event.event_id);
      process.stdout.write(`on the bus, ${rows} row in the outbox  ${eventLine(event)}\n`);
    }
  } catch (error) {
    if (!signal.aborted) process.stderr.write(`The live view ended: ${(error as Error).message}\n`);
  }
}

/** The bus is often faster than the disk: a message may be seen shortly before its row. */
async function outboxRows(api: Api, eventId: string): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const params = { path: { event_id: eventId } };
      return (await api.get('/v1/events/{event_id}', { params })).outbox_rows;
    } catch (error) {
      if (attempt === 20) throw error;
      await delay(50);
    }
  }
}

function introduce(
  { url, signInUrl = url }: RunningServer,
  sandboxes: readonly ConnectedSandbox[],
  earlier: Audit,
): void {
  const list = sandboxes.map(
    ({ title, sandbox }) => `  ${title.padEnd(12)} control at ${sandbox.controlUrl}\n`,
  );
  const control = sandboxes[0]?.sandbox.controlUrl ?? '';
  process.stdout.write(`
Tributary runs at ${url} (process ${process.pid}); its data is in ${DEMO_DIR}
Sign in (once, within ${LINK_MINUTES} minutes): ${signInUrl}
These sandbox CRMs send it signed webhooks:
${list.join('')}
Try:  kill -9 ${process.pid}   then start the demo again: nothing acknowledged is missing.
      curl -X POST ${control}/sandbox/emit -d '{"count":100,"misbehave":"duplicate"}'
      curl ${control}/sandbox/types    what else it can do
`);
  if (earlier.acknowledged > 0) printAudit(earlier, 'Earlier runs');
  process.stdout.write('\n');
}

function printAudit(audit: Audit, label = 'Audit'): void {
  const { acknowledged, inOutbox, missing } = audit;
  process.stdout.write(
    `-- ${label}: ${acknowledged} events acknowledged, ${inOutbox} of them in the outbox, ${missing.length} missing\n`,
  );
}
