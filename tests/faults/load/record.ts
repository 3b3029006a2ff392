/** Where the provider stands in a scenario: before the fault, while it lasts, after it. */
export type Phase = 'before' | 'during' | 'after';

export interface AcknowledgedEvent {
  readonly eventId: string;
  readonly entityId: string;
}

export interface Latency {
  readonly answers: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/**
 * What a provider knows, kept apart from the product: which events were acknowledged, in which order
 * for each entity, and how long each acknowledgement took.
 */
export class ProviderRecord {
  /** Event ids of each entity in the order in which they were acknowledged. */
  readonly byEntity = new Map<string, string[]>();
  readonly acknowledged = new Set<string>();
  /** When each was, as Date.now() says. */
  readonly acknowledgedAtMs = new Map<string, number>();
  /** Answers by phase and status; `unanswered` are broken connections and time-outs. */
  readonly answers: Readonly<Record<Phase, Map<string, number>>> = {
    before: new Map(),
    during: new Map(),
    after: new Map(),
  };
  #requests = 0;
  readonly #latenciesMs: Record<Phase, number[]> = { before: [], during: [], after: [] };

  get requests(): number {
    return this.#requests;
  }

  noteRequest(): void {
    this.#requests += 1;
  }

  noteAnswer(phase: Phase, outcome: string): void {
    const answers = this.answers[phase];
    answers.set(outcome, (answers.get(outcome) ?? 0) + 1);
  }

  /** @param latencyMs of the attempt that was answered */
  noteAcknowledged(events: readonly AcknowledgedEvent[], phase: Phase, latencyMs: number): void {
    this.#latenciesMs[phase].push(latencyMs);
    for (const { eventId, entityId } of events) {
      if (this.acknowledged.has(eventId)) continue;
      this.acknowledged.add(eventId);
      this.acknowledgedAtMs.set(eventId, Date.now());
      const ids = this.byEntity.get(entityId);
      if (ids) ids.push(eventId);
      else this.byEntity.set(entityId, [eventId]);
    }
  }

  /** Of acknowledged answers alone. Undefined when there was none. */
  latency(phase: Phase): Latency | undefined {
    const sorted = [...this.#latenciesMs[phase]].sort((a, b) => a - b);
    if (sorted.length === 0) return undefined;
    const at = (share: number) =>
      sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0;
    return { answers: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
  }
}
