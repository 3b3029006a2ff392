import type { Verdict } from '../adapter.ts';
import type { Place } from './definitions.ts';
import type { RequestReader } from './request-reader.ts';

/** A request being built for a sample; schemes add to it. */
export interface SampleDraft {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly nowMs: number;
  readonly sequence: number;
}

/** One entry of `verification`, compiled. */
export interface Scheme {
  readonly name: string;
  /** True when the scheme signs bytes; false when it vouches for the sender alone. */
  readonly signsContent: boolean;
  /** True when an empty, unsigned body counts as verified. */
  readonly acceptsPing: boolean;
  /** Whether the signed content fixes a value read from this place. */
  covers(from: Place, name: string): boolean;
  /** Never throws. */
  verify(reader: RequestReader, secrets: readonly string[]): Verdict;
  /** Adds what `verify` looks for. @throws InvalidSettings when this scheme cannot be signed here */
  sign(draft: SampleDraft, secret: string): SampleDraft;
}
