import { CommandFailed, EXIT } from './exit.ts';

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/**
 * The instant that an option --since names: 30m, 6h, 7d ago, or a time as RFC 3339.
 *
 * @throws CommandFailed for anything else
 */
export function sinceInstant(text: string, nowMs: number): string {
  const [, count, unit = ''] = /^([1-9]\d{0,4})([mhd])$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  if (unitMs !== undefined) return new Date(nowMs - Number(count) * unitMs).toISOString();
  if (RFC3339.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw new CommandFailed('Give --since as 30m, 6h or 7d, or as a time in RFC 3339.', EXIT.usage);
}
