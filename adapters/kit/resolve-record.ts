import { hash } from 'node:crypto';
import { canonicalText } from './canonical-text.ts';
import type { KnownEntity, Resolution, ResolutionContext, ResolvedEvent } from './resolution.ts';

/** How a deal ended, by the stage it is in. */
export type Outcome = 'open' | 'won' | 'lost';

/** What an observation tells of a record. */
export interface RecordState {
  readonly entityType: string;
  readonly entityId: string;
  /** What happened, as the provider says; `upsert` when it does not tell created from updated. */
  readonly change: 'created' | 'updated' | 'upsert' | 'deleted' | 'restored';
  /** The fields it states. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** True when a field that is not stated has no value; false when it may just not have changed. */
  readonly complete: boolean;
  /** Milliseconds, or another number that grows with each state; null when it is not told. */
  readonly version: number | null;
  /** When the record was created, in milliseconds; null when it is not told. */
  readonly createdAtMs: number | null;
  /** Undefined where the observation does not say, or the record has no outcome. */
  readonly outcome: Outcome | undefined;
}

/** Of a record, by `resolveRecord`. */
interface Facts {
  /** The record's creation has been told. */
  readonly created: boolean;
  readonly deleted: boolean;
  readonly outcome: Outcome | null;
}

/** Most fields of a record whose hashes are kept, and longest name of one. */
const MAX_FIELDS = 800;
const MAX_FIELD_NAME = 256;

/** Clocks of provider and platform may differ by so much. */
const CLOCK_SLACK_MS = 60_000;

/**
 * Resolves an observation of a record: created, updated, deleted, and won or lost where the outcome
 * becomes so. A record is created once; seen again after its deletion it is created with
 * `restored: true`. A state older than the known one says nothing new, and a partial one says only
 * what changed.
 */
export function resolveRecord(
  state: RecordState,
  known: KnownEntity | undefined,
  context: ResolutionContext,
): Resolution {
  const before = factsOf(known);
  const fields = hashes(state.fields);
  const older = isOlder(state, known);
  const changed = changedFields(state, fields, known);
  const verb = decideVerb({ state, known, before, older, changed, context });
  if (verb === 'stale' || verb === 'unchanged') return { events: [], note: verb };

  const events: ResolvedEvent[] = [eventOf(state, verb, before, known === undefined, changed)];
  const outcome = older ? undefined : state.outcome;
  if (verb !== 'deleted' && (outcome === 'won' || outcome === 'lost') && !sameOutcome()) {
    events.push(plainEvent(state, outcome));
  }
  return {
    events,
    known: {
      version: older ? (known?.version ?? null) : (state.version ?? known?.version ?? null),
      fields: keptFields(state, fields, known, older),
      facts: {
        created: before.created || verb === 'created',
        deleted: older ? before.deleted : verb === 'deleted',
        outcome: outcome ?? before.outcome,
      } satisfies Facts,
    },
  };

  /** A deal that comes back from the dead, or is won a second time, is told again; a repetition not. */
  function sameOutcome(): boolean {
    return before.outcome === outcome && !(verb === 'created' && before.deleted);
  }
}

interface Decision {
  readonly state: RecordState;
  readonly known: KnownEntity | undefined;
  readonly before: Facts;
  readonly older: boolean;
  readonly changed: readonly string[];
  readonly context: ResolutionContext;
}

type Verb = 'created' | 'updated' | 'deleted' | 'stale' | 'unchanged';

function decideVerb(decision: Decision): Verb {
  const { state, known, before, older, changed } = decision;
  if (state.change === 'deleted') return deletion(decision);
  // A complete state that is older than the known one was superseded before it came.
  if (older && state.complete) return 'stale';
  if (known === undefined) return firstSight(decision);
  if (before.deleted && !older) return 'created';
  if (state.change === 'created') {
    if (!before.created) return 'created';
    // Told already, by another way perhaps; what it was created with has been superseded.
    if (older) return 'stale';
  }
  const sameVersion = state.version === known.version;
  return sameVersion && changed.length === 0 ? 'unchanged' : 'updated';
}

function deletion({ known, before, older }: Decision): Verb {
  if (known !== undefined && before.deleted) return 'unchanged';
  // Deleted, and restored since: the restoration is what is known.
  return older ? 'stale' : 'deleted';
}

function firstSight({ state, context }: Decision): Verb {
  if (state.change === 'updated') return 'updated';
  if (state.change !== 'upsert') return 'created';
  const { createdAtMs, version } = state;
  const isNew =
    createdAtMs === null ||
    createdAtMs === version ||
    createdAtMs >= context.connectedAtMs - CLOCK_SLACK_MS;
  return isNew ? 'created' : 'updated';
}

function eventOf(
  state: RecordState,
  verb: 'created' | 'updated' | 'deleted',
  before: Facts,
  firstSeen: boolean,
  changed: readonly string[],
): ResolvedEvent {
  const event = plainEvent(state, verb);
  if (verb === 'updated') return { ...event, changedFields: firstSeen ? null : changed };
  const restored = verb === 'created' && (before.deleted || state.change === 'restored');
  return restored ? { ...event, extra: { restored: true } } : event;
}

function plainEvent({ entityType, entityId }: RecordState, verb: string): ResolvedEvent {
  return { eventType: `${entityType}.${verb}`, entityType, entityId, changedFields: null };
}

function isOlder({ version }: RecordState, known: KnownEntity | undefined): boolean {
  return version !== null && known?.version != null && version < known.version;
}

function changedFields(
  state: RecordState,
  fields: ReadonlyMap<string, string>,
  known: KnownEntity | undefined,
): string[] {
  const before = new Map(Object.entries(known?.fields ?? {}));
  const changed = [...fields].filter(([name, value]) => before.get(name) !== value);
  const gone = state.complete ? [...before.keys()].filter((name) => !fields.has(name)) : [];
  return [...changed.map(([name]) => name), ...gone].sort();
}

/** An older partial state only adds what was not known. */
function keptFields(
  state: RecordState,
  fields: ReadonlyMap<string, string>,
  known: KnownEntity | undefined,
  older: boolean,
): Record<string, string> {
  const before = Object.entries(known?.fields ?? {});
  if (state.change === 'deleted') return Object.fromEntries(before);
  if (older) return Object.fromEntries([...fields, ...before]);
  return Object.fromEntries(state.complete ? fields : [...before, ...fields]);
}

function hashes(fields: Readonly<Record<string, unknown>>): Map<string, string> {
  const entries = Object.entries(fields)
    .filter(([name]) => name.length <= MAX_FIELD_NAME)
    .slice(0, MAX_FIELDS);
  return new Map(entries.map(([name, value]) => [name, fieldHash(value)]));
}

/** 72 bits of SHA-256 over canonical JSON: two spellings of one value are one. */
export function fieldHash(value: unknown): string {
  return hash('sha256', canonicalText(value), 'base64url').slice(0, 12);
}

function factsOf(known: KnownEntity | undefined): Facts {
  const { created, deleted, outcome } = known?.facts ?? {};
  return {
    created: created === true,
    deleted: deleted === true,
    outcome: outcome === 'open' || outcome === 'won' || outcome === 'lost' ? outcome : null,
  };
}
