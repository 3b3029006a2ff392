import type { z } from 'zod';
import type { Answer, Behaviour } from './behaviour.ts';
import type { BrowserAnswer } from './consent-page.ts';
import type { faultSchema } from './options.ts';

export type Fault = z.output<typeof faultSchema>;

/** `silent`: no answer comes. `cut`: the connection ends without one. */
export type SandboxAnswer = Answer | BrowserAnswer | 'silent' | 'cut';

const HUGE_BYTES = 256 * 1024;

/** Faults that wait for their requests. */
export class Faults {
  readonly #waiting: (Fault & { left: number })[] = [];

  add(fault: Fault): void {
    this.#waiting.push({ ...fault, left: fault.times });
  }

  /** The fault that a request of these kinds is to have, if any. */
  take(...kinds: readonly string[]): Fault | undefined {
    const index = this.#waiting.findIndex(({ on }) => kinds.includes(on));
    const fault = this.#waiting[index];
    if (!fault) return undefined;
    fault.left -= 1;
    if (fault.left === 0) this.#waiting.splice(index, 1);
    return fault;
  }
}

/** The answer of a fault that keeps the work from being done. */
export function spoil({ kind }: Fault, behaviour: Behaviour): SandboxAnswer | undefined {
  switch (kind) {
    case 'unavailable':
      return { status: 503, json: { error: 'temporarily_unavailable' } };
    case 'limited':
      return { status: 429, headers: { 'retry-after': '7' }, json: { error: 'rate_limited' } };
    case 'throttled':
      return behaviour.refuse('throttled');
    case 'silent':
      return 'silent';
    case 'html':
      return { status: 200, html: '<h1>We will be back soon</h1>' };
    case 'huge':
      return { status: 200, json: { access_token: 'x'.repeat(HUGE_BYTES), token_type: 'bearer' } };
    case 'redirect':
      return { status: 302, location: 'https://elsewhere.example.com/' };
    default:
      return undefined;
  }
}
