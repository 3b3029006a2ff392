import type { CanonicalEvent } from '#schemas/event.ts';

/*
 * Some providers say that a record changed, and not how: created or updated, won just now or long
 * ago. Their adapters make observations, events of the verb `observed`, and resolve them later
 * against what was known of the entity before (docs/decisions/0015-resolving-observations.md).
 */

/** What the observations of an entity so far have told. Kept per connection and entity. */
export interface KnownEntity {
  /** Grows with each state of the entity, as the provider counts: milliseconds in most. */
  readonly version: number | null;
  /** Short hashes of the fields last seen, by name: enough to tell what changed, and no data. */
  readonly fields: Readonly<Record<string, string>>;
  /** Small facts the adapter needs the next time. JSON, without personal data. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** An observation as it stands in the outbox. */
export type Observation = Pick<
  CanonicalEvent,
  'event_id' | 'event_type' | 'entity_type' | 'entity_id' | 'occurred_at' | 'payload'
>;

/** One event an observation turned out to be. Everything else it takes from the observation. */
export interface ResolvedEvent {
  readonly eventType: string;
  readonly entityType: string;
  readonly entityId: string;
  /** Fields that differ from what was known; null where nothing was, or the verb needs none. */
  readonly changedFields: readonly string[] | null;
  /** Laid over the observation's payload, whose fields of these names it replaces. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export interface Resolution {
  /** In the order in which they are published. */
  readonly events: readonly ResolvedEvent[];
  /** What is known from now on; undefined leaves it as it is. */
  readonly known?: KnownEntity;
  /** Why there is no event: `stale`, `unchanged`. */
  readonly note?: string;
}

export interface ResolutionContext {
  /** When the connection was made: a record that is older existed before anybody listened. */
  readonly connectedAtMs: number;
}

/**
 * Decides what an observation means, given what was known of its entity. Pure: the same arguments
 * give the same events.
 */
export type Resolve = (
  observation: Observation,
  known: KnownEntity | undefined,
  context: ResolutionContext,
) => Resolution;
