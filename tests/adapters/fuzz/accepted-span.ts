import type { BoundAdapter, WebhookRequest } from '#adapters/kit/adapter.ts';

/** Times of receipt, both included; infinite where no time is looked at. */
export interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

const TEN_YEARS_MS = 315_360_000_000;

/**
 * The times of receipt at which a request is verified, around its own. Found by halving, since
 * every scheme says for itself how long it allows; that no time outside is accepted is for the fuzz
 * to show.
 */
export function acceptedSpan(
  bound: BoundAdapter,
  request: WebhookRequest,
  secrets: readonly string[],
): Span {
  const holds = (receivedAtMs: number) =>
    bound.verify({ ...request, receivedAtMs }, secrets).verified;
  const now = request.receivedAtMs;
  return { fromMs: edge(holds, now, -TEN_YEARS_MS), untilMs: edge(holds, now, TEN_YEARS_MS) };
}

/** The last time in one direction that holds, to the millisecond. */
function edge(holds: (timeMs: number) => boolean, nowMs: number, reachMs: number): number {
  if (holds(nowMs + reachMs)) return reachMs * Number.POSITIVE_INFINITY;
  let inside = 0;
  let outside = Math.abs(reachMs);
  const sign = Math.sign(reachMs);
  while (outside - inside > 1) {
    const middle = Math.floor((inside + outside) / 2);
    if (holds(nowMs + sign * middle)) inside = middle;
    else outside = middle;
  }
  return nowMs + sign * inside;
}

const DAY_MS = 86_400_000;

/**
 * Whether a request that signs the time it was sent at is verified at any time all the same.
 *
 * @param headers names of the headers its signature covers
 */
export function forgetsTime(
  { headers: values, receivedAtMs }: WebhookRequest,
  headers: readonly string[],
  { fromMs, untilMs }: Span,
): boolean {
  const statesTime = headers.some((name) => {
    const stated = Number(values[name]);
    return [stated, stated * 1_000].some((ms) => Math.abs(ms - receivedAtMs) < DAY_MS);
  });
  return statesTime && untilMs - fromMs > DAY_MS;
}
