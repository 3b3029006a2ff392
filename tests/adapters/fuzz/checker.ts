import type { Adapter, EventDraft, RefusalReason } from '#adapters/kit/adapter.ts';
import type { KnownEntity, Observation } from '#adapters/kit/resolution.ts';
import { isObservation } from '#schemas/event.ts';
import { eventId } from '#schemas/event-id.ts';
import { Problem } from '#schemas/problem.ts';
import { quotedWords, read } from '../../docs/documents.ts';
import { mayBeVerified } from './genuine.ts';
import type { Mutation } from './mutations.ts';
import type { Source } from './sources.ts';
import { LIMIT_MS, type Timed, timed } from './timed.ts';
import { faultOfResolution, faultOfResult } from './well-formed.ts';

export interface FuzzReport {
  /** Requests that differ in what is signed, and so must not be verified. */
  counted: number;
  /** Requests that differ in nothing that is signed, and were verified. */
  verified: number;
  refused: Partial<Record<RefusalReason, number>>;
  /** Bodies that webhook took. */
  parsed: number;
  /** Bodies it threw a Problem for, by code. */
  problems: Record<string, number>;
  drafts: number;
  skipped: number;
  resolved: number;
  slowestMs: number;
  /** Each with all that is needed to see it again. */
  faults: string[];
}

/** Most entities something is kept of. */
const MAX_KNOWN = 1_000;

const REASONS = new Set(
  quotedWords(read('adapters/kit/adapter.ts'), /type RefusalReason =([^;]*);/g),
);

/** Checks mutated requests of one adapter, one after the other. */
export class Checker {
  readonly report: FuzzReport = {
    counted: 0,
    verified: 0,
    refused: {},
    parsed: 0,
    problems: {},
    drafts: 0,
    skipped: 0,
    resolved: 0,
    slowestMs: 0,
    faults: [],
  };
  readonly #adapter: Adapter;
  readonly #sources: readonly Source[];
  readonly #known = new Map<string, KnownEntity>();

  constructor(adapter: Adapter, sources: readonly Source[]) {
    this.#adapter = adapter;
    this.#sources = sources;
  }

  /** @returns what is wrong, if anything is */
  check(mutation: Mutation, source: Source): string | undefined {
    return (
      this.#checkVerify(mutation, source) ??
      this.#checkWebhook(mutation, source) ??
      (Object.keys(Object.prototype).length > 0 ? 'Object.prototype was polluted' : undefined)
    );
  }

  #checkVerify(mutation: Mutation, source: Source): string | undefined {
    const { request, secrets } = mutation;
    const { value, fault } = this.#measure('verify', () => source.bound.verify(request, secrets));
    if (value === undefined) return fault;
    if (value instanceof Error) return `verify threw ${shown(value)}`;
    if (value.verified) {
      if (!mayBeVerified(mutation, source, this.#sources)) {
        return 'verify accepted what was not signed';
      }
      this.report.verified += 1;
      return fault;
    }
    this.report.counted += 1;
    this.report.refused[value.reason] = (this.report.refused[value.reason] ?? 0) + 1;
    return REASONS.has(value.reason) ? fault : `verify gave the unknown reason ${value.reason}`;
  }

  #checkWebhook({ request, secrets }: Mutation, source: Source): string | undefined {
    const { bound } = source;
    const { value, fault } = this.#measure('webhook', () => bound.webhook(request, secrets));
    if (value === undefined) return fault;
    if (value instanceof Error) {
      if (!(value instanceof Problem)) return `webhook threw ${shown(value)}`;
      this.report.problems[value.code] = (this.report.problems[value.code] ?? 0) + 1;
      const refusal = this.#measure('refusal', () => bound.refusal?.(request, value));
      return refusal.value instanceof Error ? `refusal threw ${shown(refusal.value)}` : fault;
    }
    this.report.parsed += 1;
    this.report.drafts += value.drafts.length;
    this.report.skipped += value.skipped.length;
    const malformed = faultOfResult(this.#adapter, value);
    if (malformed !== undefined) return malformed;
    for (const draft of value.drafts) {
      const unresolved = isObservation(draft.eventType) && this.#checkResolve(draft, source);
      if (unresolved) return unresolved;
    }
    return fault;
  }

  #checkResolve(draft: EventDraft, { bound, settingsKey }: Source): string | undefined {
    const { resolve } = bound;
    if (resolve === undefined) return `${draft.eventType} cannot be resolved`;
    const observation = observationOf(draft);
    const key = `${settingsKey}/${draft.entityType}/${draft.entityId}`;
    for (const known of [undefined, this.#known.get(key)]) {
      const context = { connectedAtMs: draft.occurredAtMs - 1_000 };
      const { value, fault } = this.#measure('resolve', () => resolve(observation, known, context));
      if (value === undefined) return fault;
      if (value instanceof Error) return `resolve threw ${shown(value)}`;
      this.report.resolved += value.events.length;
      const malformed = faultOfResolution(this.#adapter, value) ?? fault;
      if (malformed !== undefined) return malformed;
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      if (value.known) this.#known.set(key, value.known);
    }
    return undefined;
  }

  /** Runs a part of the adapter. What it throws is its value. */
  #measure<Value>(what: string, run: () => Value) {
    const { value, ms }: Timed<Value | Error> = timed(() => {
      try {
        return run();
      } catch (error) {
        return error instanceof Error ? error : new Error('no error was thrown', { cause: error });
      }
    });
    this.report.slowestMs = Math.max(this.report.slowestMs, ms);
    const fault = ms > LIMIT_MS ? `${what} took ${ms.toFixed(1)} ms` : undefined;
    return { value, fault };
  }
}

/** The observation as it is read from the outbox. */
function observationOf(draft: EventDraft): Observation {
  return {
    event_id: eventId('tenant', 'connection', draft.dedupeKey),
    event_type: draft.eventType,
    entity_type: draft.entityType,
    entity_id: draft.entityId,
    occurred_at: new Date(draft.occurredAtMs).toISOString(),
    payload: JSON.parse(JSON.stringify(draft.payload)) as Observation['payload'],
  };
}

function shown(error: Error): string {
  return `${error.name}: ${error.message.slice(0, 200)}`;
}
