import type { Database } from '#platform/database/database.ts';
import { withLease } from '../leases/lease.ts';
import { planSteps } from './plan.ts';
import type { RegisteringConnection, Registration } from './registration.ts';
import type { RegistrationService } from './registration-service.ts';

export interface SweepOptions {
  readonly database: Database;
  readonly service: RegistrationService;
  readonly onError: (message: string, error: unknown) => void;
  readonly nowMs?: () => number;
  /** After how long no other connection is begun. Default 240,000 ms. */
  readonly budgetMs?: number;
}

/** What a pass over all connections came to. */
export interface SweepReport {
  /** Connections that were looked at. */
  readonly looked: number;
  /** Those of which something was due. */
  readonly due: number;
  /** Those that an error of ours kept from being done. */
  readonly broken: number;
  /** True when the time was up before the end. */
  readonly cut: boolean;
}

const PAGE = 500;
/** Connections that are worked on at once: most of the time is spent waiting for providers. */
const AT_ONCE = 8;
const SLOT_MS = 300_000;
/** So many runs look at the secrets of all connections: an hour of them. */
const SLOTS = 12;

/**
 * Looks at all connections whose providers have an API for webhooks, and does what is due. One process at
 * a time.
 *
 * @returns undefined when another process is at it
 */
export async function sweepRegistrations(options: SweepOptions): Promise<SweepReport | undefined> {
  const { database, budgetMs = 240_000 } = options;
  const deadlineMs = performance.now() + budgetMs;
  const outcome = await withLease(database, { name: 'webhook-renewal' }, async (signal) => {
    const report = { looked: 0, due: 0, broken: 0, cut: false };
    const isOver = () => signal.aborted || performance.now() >= deadlineMs;
    let lastId = '';
    for (;;) {
      const page = await pageBehind(options, lastId);
      report.looked += page.looked;
      await eachAtOnce(page.due, isOver, async (id) => {
        report.due += 1;
        const isDone = await ensureOne(options, id);
        if (!isDone) report.broken += 1;
      });
      if (isOver()) return { ...report, cut: true };
      if (page.looked < PAGE) return report;
      lastId = page.lastId;
    }
  });
  return outcome.held ? outcome.result : undefined;
}

async function pageBehind({ service, nowMs = Date.now }: SweepOptions, lastId: string) {
  const connections = await service.store.connections(service.providers(), lastId, PAGE);
  const rows = await service.store.list(connections.map(({ id }) => id));
  const byConnection = Map.groupBy(rows, ({ connectionId }) => connectionId);
  const isDue = (connection: RegisteringConnection) =>
    hasWork(service, connection, byConnection.get(connection.id) ?? [], nowMs());
  return {
    looked: connections.length,
    lastId: connections.at(-1)?.id ?? lastId,
    due: connections.filter(isDue).map(({ id }) => id),
  };
}

/** Whether something is due by what the tables say; a twelfth has its secret looked at as well. */
function hasWork(
  service: RegistrationService,
  connection: RegisteringConnection,
  rows: readonly Registration[],
  nowMs: number,
): boolean {
  const wanted = service.wantedBy(connection);
  if (wanted === undefined) return false;
  if (planSteps({ wanted, rows, target: undefined, nowMs }).length > 0) return true;
  return wanted.length > 0 && slotOf(connection.id) === Math.floor(nowMs / SLOT_MS) % SLOTS;
}

function slotOf(id: string): number {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.charCodeAt(0)) % 65_536;
  return sum % SLOTS;
}

/** @returns false when an error of ours ended it; what the provider says is no such error */
async function ensureOne({ service, onError }: SweepOptions, id: string): Promise<boolean> {
  try {
    await service.ensure(id);
    return true;
  } catch (error) {
    // One connection must not keep the others from being done.
    onError(`The webhooks of connection ${id} could not be looked after.`, error);
    return false;
  }
}

async function eachAtOnce(
  ids: readonly string[],
  isOver: () => boolean,
  work: (id: string) => Promise<void>,
): Promise<void> {
  const rest = [...ids];
  const worker = async () => {
    for (let id = rest.shift(); id !== undefined && !isOver(); id = rest.shift()) await work(id);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
