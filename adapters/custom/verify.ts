import type { Verdict, WebhookRequest } from '#adapters/kit/adapter.ts';
import { readRequest } from '#adapters/kit/verification/request-reader.ts';
import { refused } from '#adapters/kit/verification/signature.ts';
import type { Compiled } from './compile.ts';

/** Decides whether a request is the provider's: by its address, then as a handshake or by schemes. */
export type Verify = (request: WebhookRequest, secrets: readonly string[]) => Verdict;

export function makeVerify({
  allowsAddress,
  challenges,
  verifier,
}: Pick<Compiled, 'allowsAddress' | 'challenges' | 'verifier'>): Verify {
  return (request, secrets) => {
    if (!allowsAddress(request.remoteAddress)) return refused('address_not_allowed');
    const reader = readRequest(request);
    // What matches a handshake is never taken as an event, so no scheme can rescue it either.
    return (challenges.find(reader) ?? verifier).verify(reader, secrets);
  };
}
