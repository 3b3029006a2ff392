import type { AuditReport } from '#services/audit/audit-report.ts';
import { printable, tableText } from './output.ts';

const VERDICTS: Readonly<Record<AuditReport['verdict'], string>> = {
  proved: 'PROVED   all that was accepted is stored, carried and consumed',
  healing: 'HEALING  nothing is missing, and some of it is still on its way',
  missing: 'MISSING  something that should be there is not',
};

/** The report for people: verdict, totals, what disagrees, and what heals it. */
export function auditText(report: AuditReport): string {
  const { totals, disagreements, missing } = report;
  const { consumed, ...counted } = totals;
  const figures = Object.entries(counted).map(([name, total]) => [
    name.replaceAll('_', ' '),
    total,
  ]);
  const byConsumer = Object.entries(consumed).map(([name, total]) => [
    `consumed by ${printable(name)}`,
    total,
  ]);
  const sections = [
    `${VERDICTS[report.verdict]}\n         from ${report.from} until before ${report.to}\n`,
    [...figures, ...byConsumer]
      .map(([name, total]) => `${String(name).padEnd(28)} ${String(total).padStart(9)}\n`)
      .join(''),
  ];
  if (disagreements.length > 0) {
    sections.push(
      tableText(
        ['MINUTE', 'WHAT', 'CONSUMER', 'EVENTS', 'STATE'],
        disagreements.map((one) => [
          one.minute,
          one.kind,
          printable(one.consumer ?? ''),
          String(one.events),
          one.state,
        ]),
      ),
    );
  }
  if (missing.length > 0) {
    sections.push(
      tableText(
        ['EVENT ID', 'WHAT', 'CONSUMER', 'STATE', 'HEALED BY'],
        missing.map((one) => [
          one.event_id,
          one.kind,
          printable(one.consumer ?? ''),
          one.state,
          printable(one.heals),
        ]),
      ),
    );
  }
  if (report.truncated) sections.push('There is more: raise --limit, or narrow the range.\n');
  return sections.join('\n');
}
