import type { OutboxPosition } from '../outbox/outbox-reader.ts';
import type { BoundPredicate } from './predicate.ts';

export const REPLAY_MODES = ['missing', 'again'] as const;
export const REPLAY_STATES = [
  'waiting',
  'running',
  'paused',
  'finished',
  'cancelled',
  'failed',
] as const;

/** `missing`: consumers act where their ledger has no entry. `again`: once more, once for each replay. */
export type ReplayMode = (typeof REPLAY_MODES)[number];
export type ReplayState = (typeof REPLAY_STATES)[number];

/** What is asked for. */
export interface ReplayOrder {
  readonly tenantId: string;
  /** The organisation it is confined to, when it is. */
  readonly orgId: string | null;
  readonly predicate: BoundPredicate;
  readonly predicateName: string | null;
  /** The one consumer it is for; null is all of them. */
  readonly consumer: string | null;
  readonly mode: ReplayMode;
  /** Events a second at most; null is as fast as it goes. */
  readonly ratePerSecond: number | null;
  readonly maxEvents: number;
  /** Outbox rows that agreed with the predicate when it was asked for. */
  readonly matched: number;
  readonly createdBy: string;
}

/** A replay, and once it has ended its receipt. Times are RFC 3339. */
export interface Replay extends ReplayOrder {
  readonly id: string;
  readonly state: ReplayState;
  /** Messages that the bus confirmed; a crash repeats up to one batch, which then counts once. */
  readonly published: number;
  readonly position: OutboxPosition | null;
  /** Code of the problem that it waits out, while it does. */
  readonly waitsFor: string | null;
  /** Why it failed. */
  readonly failure: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** The process that worked on it last. */
  readonly process: string | null;
}
