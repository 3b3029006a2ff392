import { z } from 'zod';
import type { Adapter } from '#adapters/kit/adapter.ts';
import { CREDENTIAL_KINDS } from '#adapters/kit/provider-api.ts';
import type { Principal } from '../access/principal.ts';
import type { NewCredential } from './ports.ts';

/** A credential that needs no consent in a browser: a kind, and the fields of that kind. */
export const credentialInput = z
  .object({ kind: z.enum(CREDENTIAL_KINDS).exclude(['oauth2']) })
  .catchall(z.unknown())
  .describe(
    'How the provider is called: kind and its fields, which GET /v1/providers/{provider} lists. Tested before anything is saved.',
  );

export type CredentialInput = z.infer<typeof credentialInput>;

export interface CredentialRequest {
  readonly principal: Principal;
  readonly adapter: Adapter;
  /** As checkSettings gives them. */
  readonly settings: Record<string, unknown>;
  readonly input: CredentialInput;
}

/**
 * Obtains the credential that an input describes, and tries it at the provider.
 *
 * @throws InvalidRequest when the provider has no such kind, or a field is wrong
 * @throws CredentialsRefused, ProviderUnavailable, ProviderRefused
 */
export type ObtainCredential = (request: CredentialRequest) => Promise<NewCredential>;
