import { randomUUID } from 'node:crypto';
import type { Database } from '#platform/database/database.ts';

export interface LeaseOptions {
  /** What may be done by one process at a time, such as `reconcile`. */
  readonly name: string;
  /** How long others wait for a holder that is gone. Renewed three times in that time. Default 60,000 ms. */
  readonly holdMs?: number;
  /**
   * Who holds it, a UUID: takes its own lease again, also one that it could not give back, so it must
   * not ask for it twice at the same time. Default: this call alone.
   */
  readonly holder?: string;
}

export type LeaseOutcome<Result> =
  | { readonly held: true; readonly result: Result }
  /** Another process is at it; nothing was done. */
  | { readonly held: false };

/**
 * Does work that one process may do at a time, and gives the lease back when it is done.
 *
 * @param work gets a signal that aborts when the lease could not be renewed in its time: from then on
 *   another process may be at it too, so it should stop before its next step
 * @throws what the work throws, and DatabaseUnavailable when the lease cannot be asked for
 */
export async function withLease<Result>(
  database: Database,
  { name, holdMs = 60_000, holder = randomUUID() }: LeaseOptions,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<LeaseOutcome<Result>> {
  const lease = { database, name, holdMs, holder };
  if (!(await take(lease))) return { held: false };
  const lost = new AbortController();
  const renewing = renew(lease, lost);
  try {
    return { held: true, result: await work(lost.signal) };
  } finally {
    clearInterval(renewing);
    // A lease that cannot be given back runs out by itself.
    await give(lease).catch(() => undefined);
  }
}

interface Lease {
  readonly database: Database;
  readonly name: string;
  readonly holdMs: number;
  readonly holder: string;
}

/** Takes the lease, or holds it on. @returns false when another has it */
async function take({ database, name, holder, holdMs }: Lease): Promise<boolean> {
  const rows = await database.query(
    `INSERT INTO leases AS held (name, holder, held_until)
     VALUES ($1, $2, now() + make_interval(secs => $3::float8 / 1000))
     ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, held_until = EXCLUDED.held_until
     WHERE held.holder = EXCLUDED.holder OR held.held_until < now()
     RETURNING name`,
    [name, holder, holdMs],
  );
  return rows.length > 0;
}

function renew(lease: Lease, lost: AbortController): NodeJS.Timeout {
  const lose = () => lost.abort(new Error(`The lease ${lease.name} was lost.`));
  let heldUntilMs = performance.now() + lease.holdMs;
  const timer = setInterval(() => {
    const askedAtMs = performance.now();
    if (askedAtMs >= heldUntilMs) lose();
    take(lease).then(
      (held) => {
        if (!held) lose();
        heldUntilMs = askedAtMs + lease.holdMs;
      },
      // The database may be back before the time is up.
      () => undefined,
    );
  }, lease.holdMs / 3);
  return timer.unref();
}

async function give({ database, name, holder }: Lease): Promise<void> {
  await database.query('DELETE FROM leases WHERE name = $1 AND holder = $2', [name, holder]);
}
