// The load generator, a process of its own. Prints one line of JSON with what it measured.
import { parseArgs } from 'node:util';
import { LoadConnection } from './http-client.ts';
import { hubspotRequests } from './signed-requests.ts';

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    secret: { type: 'string' },
    events: { type: 'string' },
    connections: { type: 'string' },
    seconds: { type: 'string' },
    /** Requests a second; without it, as many as are answered. */
    rate: { type: 'string' },
  },
});

export interface LoadResult {
  readonly requests: number;
  readonly failed: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

const target = new URL(values.url ?? '');
const requests = hubspotRequests(target, values.secret ?? '', Number(values.events));
const durationMs = Number(values.seconds) * 1_000;
const rate = values.rate === undefined ? undefined : Number(values.rate);

const idle: LoadConnection[] = [];
for (let count = 0; count < Number(values.connections); count += 1) {
  idle.push(await LoadConnection.open(Number(target.port)));
}
const connections = [...idle];
const latenciesMs: number[] = [];
let failed = 0;
let underWay = 0;
const startedAt = performance.now();
const finished = Promise.withResolvers<void>();

/** @param dueAt when the request should have been sent: waiting for a connection counts as latency */
function send(connection: LoadConnection, dueAt: number): void {
  const { head, body } = requests.next();
  underWay += 1;
  connection.send(head, body, (status) => {
    underWay -= 1;
    latenciesMs.push(performance.now() - dueAt);
    if (status !== 200) failed += 1;
    idle.push(connection);
    proceed();
  });
}

let sent = 0;
function proceed(): void {
  const now = performance.now();
  if (now - startedAt >= durationMs) {
    if (underWay === 0) finished.resolve();
    return;
  }
  for (;;) {
    const dueAt = rate === undefined ? now : startedAt + (sent / rate) * 1_000;
    if (dueAt > now) return;
    const connection = idle.pop();
    if (!connection) return;
    sent += 1;
    send(connection, dueAt);
  }
}

proceed();
const clock = setInterval(proceed, 1);
await finished.promise;
clearInterval(clock);
for (const connection of connections) connection.close();

latenciesMs.sort((a, b) => a - b);
const at = (share: number) =>
  latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(latenciesMs.length * share))] ?? 0;
const result: LoadResult = {
  requests: latenciesMs.length,
  failed,
  seconds: (performance.now() - startedAt) / 1_000,
  p50Ms: at(0.5),
  p99Ms: at(0.99),
  p999Ms: at(0.999),
};
console.log(JSON.stringify(result));
