import { randomBytes } from 'node:crypto';
import type { Adapter } from '#adapters/kit/adapter.ts';
import { InvalidRequest } from '#schemas/problems.ts';

/** 32 characters of base64url, which every provider takes as a token. */
const SECRET_BYTES = 24;

/**
 * The webhook secret of a connection: the one that was given, or a new one for providers that let us
 * choose it.
 *
 * @throws InvalidRequest when there is none and the provider makes it, or it cannot be one
 */
export function chooseSecret(
  adapter: Adapter,
  settings: unknown,
  given: string | undefined,
): { readonly secret: string; readonly made: boolean } {
  if (given === undefined && adapter.secretMadeBy !== 'tributary') {
    throw new InvalidRequest(`Give the signing secret that ${adapter.title} made, as "secret".`);
  }
  const secret = given ?? randomBytes(SECRET_BYTES).toString('base64url');
  const fault = adapter.secretFault?.(secret, settings);
  if (fault === undefined) return { secret, made: given === undefined };
  throw new InvalidRequest(fault, { faults: [{ pointer: '/secret', message: fault }] });
}
