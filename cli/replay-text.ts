import type { View } from './api-client.ts';
import { printable } from './output.ts';

/** An estimate for people, a line for each matter. */
export function estimateText({
  predicate,
  events,
  bytes,
  cost,
  exceeds_max_events,
}: View<'ReplayEstimate'>): string {
  const mib = (bytes / 1024 ** 2).toFixed(1);
  return lines([
    ['predicate', parts(predicate)],
    ['events', `${events}${exceeds_max_events ? ', more than --max' : ''}`],
    ['messages', `about ${mib} MiB`],
    [
      'cost',
      `about $${cost.publish_usd} to publish, $${cost.deliver_usd_per_subscription} for each consumer, $${cost.proof_usd} for the proofs, $${cost.read_usd} to read`,
    ],
    ['', `estimates by the list prices of ${cost.prices_as_of}, without free tiers`],
  ]);
}

/** How far a replay is, as one line. */
export function progressText({
  state,
  published,
  matched,
  through,
  waits_for,
}: View<'Replay'>): string {
  const percent = matched === 0 ? '' : ` (${Math.floor((published / matched) * 100)} %)`;
  const behind = through === null ? '' : `, through ${through}`;
  const waits = waits_for === null ? '' : `, waits for the end of ${waits_for}`;
  return `${state}: ${published} of ${matched}${percent}${behind}${waits}\n`;
}

/** A replay for people: its receipt. */
export function replayText(replay: View<'Replay'>): string {
  const rate = replay.rate_per_second;
  return lines([
    ['id', replay.id],
    ['state', replay.failure === null ? replay.state : `${replay.state}: ${replay.failure}`],
    ['predicate', parts(replay.predicate)],
    ['for', `${replay.consumer ?? 'all consumers'}, mode ${replay.mode}`],
    ['rate', rate === null ? 'as fast as it goes' : `${rate} a second at most`],
    ['published', progressText(replay).trim()],
    ['asked', `${replay.created_at} by ${printable(replay.created_by)}`],
    ['started', replay.started_at ?? '-'],
    ['finished', replay.finished_at ?? '-'],
    ['process', printable(replay.process ?? '-')],
  ]);
}

function parts(predicate: Readonly<Record<string, string | undefined>>): string {
  const said = Object.entries(predicate).filter(([, value]) => value !== undefined);
  return said.map(([name, value]) => `${name}=${printable(String(value))}`).join(' ');
}

function lines(rows: readonly (readonly [string, string])[]): string {
  return rows.map(([name, text]) => `${name.padEnd(10)}${text}\n`).join('');
}
