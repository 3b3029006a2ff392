import { missing } from './installation/installation.ts';
import { shownAnswers } from './judge.ts';
import type { Outcome } from './run-scenario.ts';

export const COLUMNS = [
  'scenario',
  'verdict',
  'sent',
  'acknowledged',
  'outboxed',
  'published',
  'consumed once',
  'suppressed',
  'kills',
  'heal s',
  'ack p99 ms',
] as const;

/** One line of the table, in the order of COLUMNS. */
export function rowOf(outcome: Outcome): string[] {
  const { scenario, record, evidence, kills, healMs } = outcome;
  const { acknowledged } = record;
  const { outbox, published, effects, deliveries } = evidence;
  const times = new Map<string, number>();
  for (const { eventId } of effects) times.set(eventId, (times.get(eventId) ?? 0) + 1);
  const once = [...acknowledged].filter((id) => times.get(id) === 1).length;
  const there = (where: { has(id: string): boolean }) =>
    String(acknowledged.size - missing(acknowledged, where));
  const p99Ms = record.latency('during')?.p99Ms;
  return [
    scenario.name,
    passed(outcome) ? 'passed' : 'FAILED',
    `${record.requests} requests`,
    String(acknowledged.size),
    there(outbox),
    published ? there(published) : '-',
    String(once),
    String(deliveries - effects.length),
    String(kills),
    healMs === undefined ? 'never' : (healMs / 1_000).toFixed(1),
    p99Ms === undefined ? '-' : String(Math.round(p99Ms)),
  ];
}

export function passed({ checks }: Outcome): boolean {
  return checks.every(({ fault }) => fault === undefined);
}

/** What is wrong, a line each; empty when all is well. */
export function faultLines({ checks }: Outcome): string[] {
  return checks.flatMap(({ name, fault }) => (fault === undefined ? [] : [`${name}: ${fault}`]));
}

/** Latency and answers of each phase, for a closer look. */
export function phaseLines({ record }: Outcome): string[] {
  return (['before', 'during', 'after'] as const).map((phase) => {
    const latency = record.latency(phase);
    const times = latency
      ? `p50 ${Math.round(latency.p50Ms)}, p99 ${Math.round(latency.p99Ms)}, max ${Math.round(latency.maxMs)} ms`
      : 'nothing acknowledged';
    return `${phase}: ${times}; answers ${shownAnswers(record.answers[phase])}`;
  });
}

/** Rows under their headings, as text in columns. */
export function tableOf(rows: readonly (readonly string[])[]): string {
  const all = [COLUMNS, ...rows];
  const widths = COLUMNS.map((_, column) =>
    Math.max(...all.map((row) => row[column]?.length ?? 0)),
  );
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
