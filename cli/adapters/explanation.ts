import type { RefusalReason } from '#adapters/kit/adapter.ts';
import type { RequestReader } from '#adapters/kit/verification/request-reader.ts';

/** Why a scheme took or refused a request, for the author of its definition. */
export interface Explanation {
  /** What was found: name and description. */
  readonly facts: readonly (readonly [name: string, found: string])[];
  /** Why it failed, as sentences; empty where it did not. */
  readonly why: readonly string[];
}

/** What an explanation looks at. */
export interface Look {
  readonly reader: RequestReader;
  readonly secrets: readonly string[];
  /** Why the scheme refused the request; undefined where it did not. */
  readonly reason: RefusalReason | undefined;
  /** Quotes a text of the request. */
  readonly show: (text: string) => string;
}

/** Longest text shown, in characters. */
const SHOWN = 240;

/**
 * Makes the function that quotes texts: with line breaks visible, and cut in the middle where they
 * are long. Secrets are taken out first, for a cut could leave a part of one.
 */
export function quoting(mask: (text: string) => string): Look['show'] {
  return (text) => {
    const masked = mask(text);
    if (masked.length <= SHOWN) return JSON.stringify(masked);
    const half = SHOWN / 2;
    const start = JSON.stringify(masked.slice(0, half));
    const end = JSON.stringify(masked.slice(-half));
    return `${start} … ${masked.length - SHOWN} characters … ${end}`;
  };
}

/** A span of time in its largest fitting unit. @param ms zero or more */
export function spanText(ms: number): string {
  if (ms < 1000 && ms > 0) return `${ms} ms`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} minutes`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} hours`;
  return `${Math.floor(seconds / 86_400)} days`;
}

const NO_SECRET = 'No secret was given. Give it with --secret-file or --secret-stdin.';

/** An instant in RFC 3339, or the number where it is too far away. */
export function instantText(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}

/** @param fits what a secret has to be, as the end of a sentence */
export function missingSecret(secrets: readonly string[], fits: string): string {
  return secrets.every((secret) => secret === '')
    ? NO_SECRET
    : `The secret cannot serve as a key: it is not ${fits}.`;
}
