// Mutated requests against one adapter. Real: the adapter as the platform binds it. Doubled: the
// platform, that keeps what is known of entities. What is asserted of each request:
// - verify does not throw, names a known reason, and verifies nothing its provider has not signed;
// - webhook, as if it had verified, makes well-formed drafts or throws a Problem;
// - resolve makes well-formed events, with and without what is known;
// - none of them takes longer than LIMIT_MS.
import type { Adapter } from '#adapters/kit/adapter.ts';
import { seededRandom } from '#adapters/kit/sandbox/random.ts';
import { forgetsTime } from './accepted-span.ts';
import { Checker, type FuzzReport } from './checker.ts';
import { mutated } from './mutations.ts';
import { sourcesOf } from './sources.ts';

export interface FuzzOptions {
  /** How many that must not be verified. One that may be is checked as well, and not counted. */
  readonly requests: number;
  readonly seed: number;
  /** Number of the first request: each is made from the seed and its own number. Default 0. */
  readonly from?: number;
  /** Largest body, in bytes. Default 1 MiB, the server's own limit. */
  readonly maxBodyBytes?: number;
}

const MIB = 1_048_576;
/** For an adapter whose provider signs nothing: nearly all of its mutations may be verified. */
const MOST_DRAWN = 20;
/** So many faults end the run. */
const MAX_FAULTS = 5;

/** Throws mutated requests at an adapter. One seed gives one run. */
export function fuzz(adapter: Adapter, options: FuzzOptions): FuzzReport {
  const { requests, seed, from = 0, maxBodyBytes = MIB } = options;
  const sources = sourcesOf(adapter);
  const donors = sources.filter(({ kind }) => kind === 'signed');
  const others = sources.filter(({ kind }) => kind !== 'signed');
  const checker = new Checker(adapter, sources);
  const { report } = checker;
  for (const { name, request, covers, span } of donors) {
    if (!forgetsTime(request, covers?.headers ?? [], span)) continue;
    report.faults.push(`verify forgets the time a request states (${name})`);
  }
  const last = from + MOST_DRAWN * requests;
  for (let number = from; number < last && report.counted < requests; number += 1) {
    // Of its own, so that one request can be made again without those before it.
    const random = seededRandom(Math.imul(seed, 0x9e3779b1) + number);
    const source = random.pick(random.next() < 0.5 ? donors : others);
    const mutation = mutated({ source, donors, random, maxBodyBytes });
    const fault = checker.check(mutation, source);
    if (fault === undefined) continue;
    const how = mutation.how.join(', ');
    const again = `--adapter ${adapter.provider} --seed ${seed} --from ${number} --requests 1`;
    report.faults.push(`${fault} (${source.name}; mutated: ${how}; ${again})`);
    if (report.faults.length >= MAX_FAULTS) break;
  }
  return report;
}
