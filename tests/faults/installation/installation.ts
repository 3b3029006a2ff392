import type { TcpProxy } from '#platform/testing/tcp-proxy.ts';
import type { Effect } from '../observer/observer.ts';
import type { Fleet } from './fleet.ts';

/** What the product cannot do without, each behind a proxy. Embedded, all of it is in the process. */
export type Dependency = 'pubsub' | 'bigquery' | 'postgres' | 'secrets';

/** What the stores hold in the end, read past the product. */
export interface Evidence {
  /** Rows of each event. */
  readonly outbox: ReadonlyMap<string, number>;
  /** Messages of each event; undefined where no proofs of passage are kept. */
  readonly published: ReadonlyMap<string, readonly Passage[]> | undefined;
  /** In their order. */
  readonly effects: readonly Effect[];
  /** Deliveries to the observer, effective or not. */
  readonly deliveries: number;
}

/** One message that carried an event. */
export interface Passage {
  /** RFC 3339. */
  readonly publishedAt: string;
  /** What carried it again; undefined for the first time. */
  readonly carriedAgain: string | undefined;
}

/** How many events have not arrived yet. */
export interface Lag {
  /** Undefined while others wait: it costs most to ask. */
  readonly outbox: number | undefined;
  readonly published: number;
  readonly consumed: number;
}

export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export const API_TOKEN = 'a-token-of-at-least-twenty-letters';
export const TENANT = 'default';

/** The product on stores of its own, as a scenario has it. */
export interface Installation {
  /** Where providers and administrators address it, whatever process is behind. */
  readonly webhookOrigin: string;
  readonly apiOrigin: string;
  readonly fleet: Fleet;
  readonly dependencies: ReadonlyMap<Dependency, readonly TcpProxy[]>;
  /** Fills what is left of the disk, and makes room again. Absent where the disk is everybody's. */
  readonly disk?: { fill(): Promise<void>; makeRoom(): Promise<void> };
  /** Carries copies of random messages on the bus once more, as Pub/Sub may. Absent: no way in. */
  republish?(share: number, random: () => number): Promise<void>;
  /** Makes the bus give messages that gone connections hold to others. Cuts off those there are. */
  giveBack?(): Promise<void>;
  /** Does what the scheduler would do in the next minutes. */
  runTasks(): Promise<void>;
  /** Runs a command against it. */
  command(...args: readonly string[]): Promise<Finished>;
  lag(events: ReadonlySet<string>): Promise<Lag>;
  /** May stop what must not run meanwhile. */
  collect(): Promise<Evidence>;
  /** Ends and removes everything. */
  close(): Promise<void>;
}

/** How many of the events are not among those. */
export function missing(events: ReadonlySet<string>, among: { has(id: string): boolean }): number {
  let count = 0;
  for (const id of events) if (!among.has(id)) count += 1;
  return count;
}

/** Counts how often each id occurs. */
export function countById(ids: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}
