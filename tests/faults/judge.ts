import { type Evidence, missing } from './installation/installation.ts';
import type { Latency, ProviderRecord } from './load/record.ts';
import type { Effect } from './observer/observer.ts';

/** What was asked, and what was found when it is not so. */
export interface Check {
  readonly name: string;
  /** Undefined when all is well. */
  readonly fault: string | undefined;
}

export interface Judged {
  readonly record: ProviderRecord;
  readonly evidence: Evidence;
}

/** The provider's own record against what the stores hold. */
export function judgeEvents({ record, evidence }: Judged): Check[] {
  const { acknowledged, byEntity } = record;
  const { outbox, published, effects } = evidence;
  const consumed = new Set(effects.map(({ eventId }) => eventId));
  const anywhere = { has: (id: string) => outbox.has(id) || (published?.has(id) ?? false) };
  const notIn = (where: { has(id: string): boolean }) => {
    const count = missing(acknowledged, where);
    return count === 0 ? undefined : `${count} are not, such as ${first(acknowledged, where)}`;
  };
  return [
    { name: 'every acknowledged event is in a durable store', fault: notIn(anywhere) },
    { name: 'every acknowledged event is in the outbox', fault: notIn(outbox) },
    ...(published
      ? [{ name: 'every acknowledged event has a proof of passage', fault: notIn(published) }]
      : []),
    { name: 'every acknowledged event took effect', fault: notIn(consumed) },
    { name: 'no event took effect twice', fault: repeated(effects) },
    {
      name: 'effects of each entity keep the order of acknowledgement',
      fault: disorder(byEntity, effects),
    },
  ];
}

/**
 * @param calm before the fault: tells a slow product from a busy machine
 * @param limitMs what 99 of 100 acknowledgements keep to
 */
export function judgeAnswers(
  latency: Latency | undefined,
  calm: Latency | undefined,
  answers: ReadonlyMap<string, number>,
  limitMs: number,
): Check[] {
  const all = [...answers.values()].reduce((sum, count) => sum + count, 0);
  const bad = all - (answers.get('2xx') ?? 0);
  const p99Ms = latency?.p99Ms ?? Number.POSITIVE_INFINITY;
  return [
    {
      name: `acknowledgements within ${limitMs} ms`,
      fault:
        p99Ms <= limitMs
          ? undefined
          : `p99 is ${Math.round(p99Ms)} ms, and was ${Math.round(calm?.p99Ms ?? 0)} ms before the fault`,
    },
    {
      name: 'requests are answered and acknowledged',
      fault: bad * 100 <= all ? undefined : `${bad} of ${all} were not: ${shownAnswers(answers)}`,
    },
  ];
}

export function shownAnswers(answers: ReadonlyMap<string, number>): string {
  return [...answers].map(([outcome, count]) => `${count} x ${outcome}`).join(', ') || 'none';
}

function repeated(effects: readonly Effect[]): string | undefined {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { eventId } of effects) {
    if (seen.has(eventId)) twice.add(eventId);
    seen.add(eventId);
  }
  return twice.size === 0 ? undefined : `${twice.size} did, such as ${[...twice][0]}`;
}

function disorder(
  byEntity: ReadonlyMap<string, readonly string[]>,
  effects: readonly Effect[],
): string | undefined {
  const position = new Map<string, number>();
  for (const [index, { eventId }] of effects.entries()) {
    if (!position.has(eventId)) position.set(eventId, index);
  }
  let broken = 0;
  let example = '';
  for (const [entityId, ids] of byEntity) {
    const found = ids.map((id) => position.get(id)).filter((one) => one !== undefined);
    const at = found.findIndex((one, index) => index > 0 && one < (found[index - 1] ?? 0));
    if (at < 0) continue;
    broken += 1;
    example ||= `${entityId}, where ${ids[at]} acted before ${ids[at - 1]}`;
  }
  return broken === 0 ? undefined : `${broken} entities are out of order, such as ${example}`;
}

function first(ids: Iterable<string>, where: { has(id: string): boolean }): string {
  for (const id of ids) if (!where.has(id)) return id;
  return '';
}
