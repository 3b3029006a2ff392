import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '#adapters/kit/sandbox/random.ts';
import { type Audited, audit } from './audit.ts';
import { installEmbedded } from './installation/embedded.ts';
import { installOnGcp } from './installation/gcp.ts';
import {
  API_TOKEN,
  type Evidence,
  type Installation,
  type Lag,
  TENANT,
} from './installation/installation.ts';
import { type Check, judgeAnswers, judgeEvents } from './judge.ts';
import { Provider } from './load/provider.ts';
import type { ProviderRecord } from './load/record.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { leastMs, type World } from './scenarios/steps.ts';
import { writeTrace } from './trace.ts';

export interface RunOptions {
  readonly events: number;
  readonly seed: number;
  readonly logDir: string;
  /** How long a second of the scenario takes. Default 1,000 ms. */
  readonly secondMs?: number;
  readonly onProgress?: (text: string) => void;
}

export interface Outcome {
  readonly scenario: Scenario;
  readonly record: ProviderRecord;
  readonly evidence: Evidence;
  readonly audited: Audited;
  readonly kills: number;
  /** From the end of the fault until every acknowledged event was where it should be. */
  readonly healMs: number | undefined;
  readonly elapsedMs: number;
  readonly checks: readonly Check[];
}

const SECRET = 'the-hubspot-client-secret-of-the-suite';
const MIN_LINES = 24;
const MAX_LINES = 40;
const SHARE_BEFORE = 0.15;
const SHARE_AFTER = 0.15;
const HEAL_WITHIN_MS = 180_000;
/** What waits is carried by emulators on two cores, some of it twice, and consumed one after the other. */
const HEAL_MS_PER_EVENT = 20;
const LOOK_EVERY_MS = 500;
const TASKS_EVERY_MS = 10_000;

/** Plays a scenario on an installation of its own. @throws Error when it cannot be played to its end */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<Outcome> {
  const { events, seed, logDir, secondMs = 1_000, onProgress = () => undefined } = options;
  const startedAtMs = performance.now();
  const random = seededRandom(seed);
  await using stack = new AsyncDisposableStack();
  await mkdir(logDir, { recursive: true });
  const { clock = false, diskMib } = scenario;
  const install =
    scenario.platform === 'gcp'
      ? installOnGcp({ logDir, clock })
      : installEmbedded({ logDir, clock, ...(diskMib !== undefined && { diskMib }) });
  const installation = stack.adopt(await install, (one) => one.close());
  const connectionId = await addConnection(installation);
  const provider = stack.adopt(
    new Provider({
      ...scenario.provider,
      url: `${installation.webhookOrigin}/webhooks/hubspot/${connectionId}`,
      tenantId: TENANT,
      connectionId,
      secret: SECRET,
      random,
      // More events need more entities, so that they do not take longer for it.
      lines: Math.min(MAX_LINES, Math.max(MIN_LINES, Math.round(events / 100))),
    }),
    (one) => one.stop(),
  );
  const world: World = { installation, provider, events, secondMs, random };
  const from = new Date();

  const before = Math.round(events * SHARE_BEFORE);
  await provider.send(before, { overMs: leastMs(before) });
  provider.phase = 'during';
  for (const step of scenario.during) {
    onProgress(step.label);
    await step.run(world);
  }
  provider.phase = 'after';
  const endedAtMs = performance.now();
  const left = events - provider.record.acknowledged.size;
  const after = Math.max(left, Math.round(events * SHARE_AFTER));
  await provider.send(after, { overMs: leastMs(after), atMostMs: 180_000 });
  const allAnswered = await provider.settle(60_000);
  onProgress('waiting until it is healed');
  const { healWithinMs = HEAL_WITHIN_MS + events * HEAL_MS_PER_EVENT, expects } = scenario;
  const lag = await untilHealed(world, healWithinMs);
  const healMs = lag === undefined ? performance.now() - endedAtMs : undefined;
  const audited = await audit(installation, from);
  const evidence = await installation.collect();

  const { record } = provider;
  await writeTrace(join(logDir, 'trace.tsv'), record, evidence);
  const { badEnds, kills } = installation.fleet;
  const checks: Check[] = [
    {
      name: 'the provider gets all of it acknowledged in the end',
      fault: allAnswered ? undefined : 'requests are still refused or unanswered',
    },
    {
      name: `it heals within ${healWithinMs} ms`,
      fault: lag && `not in order: ${JSON.stringify(lag)}`,
    },
    ...judgeEvents({ record, evidence }),
    ...(expects
      ? judgeAnswers(
          record.latency('during'),
          record.latency('before'),
          record.answers.during,
          expects.ackP99Ms,
        )
      : []),
    { name: 'SIGTERM drains', fault: badEnds.join('; ') || undefined },
    { name: 'the audit proves it', fault: audited.fault },
  ];
  const elapsedMs = performance.now() - startedAtMs;
  return { scenario, record, evidence, audited, kills, healMs, elapsedMs, checks };
}

/** @returns undefined once every acknowledged event is where it should be; else what was still on its way */
async function untilHealed(
  { installation, provider }: World,
  withinMs: number,
): Promise<Lag | undefined> {
  const deadlineMs = performance.now() + withinMs;
  let tasksAtMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    if (performance.now() - tasksAtMs > TASKS_EVERY_MS) {
      tasksAtMs = performance.now();
      await installation.runTasks();
    }
    const lag = await installation.lag(provider.record.acknowledged);
    if (lag.consumed + lag.published === 0 && lag.outbox === 0) return undefined;
    if (performance.now() > deadlineMs) return lag;
    await delay(LOOK_EVERY_MS);
  }
}

async function addConnection({ apiOrigin, webhookOrigin }: Installation): Promise<string> {
  const signal = AbortSignal.timeout(30_000);
  const response = await fetch(`${apiOrigin}/v1/connections`, {
    method: 'POST',
    signal,
    headers: {
      authorization: `Bearer ${API_TOKEN}`,
      'content-type': 'application/json',
      'x-org-id': 'platform',
    },
    body: JSON.stringify({ provider: 'hubspot', name: 'fault-suite', secret: SECRET }),
  });
  if (!response.ok)
    throw new Error(`adding a connection: ${response.status} ${await response.text()}`);
  const { id } = (await response.json()) as { id: string };
  while ((await fetch(`${webhookOrigin}/readyz`, { signal })).status !== 200) await delay(100);
  return id;
}
