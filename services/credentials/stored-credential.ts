import { z } from 'zod';
import { CREDENTIAL_KINDS, type Credential } from '#adapters/kit/provider-api.ts';
import { SecretUnreadable } from '#schemas/problems.ts';

const storedSchema = z.object({
  kind: z.enum(CREDENTIAL_KINDS),
  token: z.string().min(1),
  refreshToken: z.string().min(1).optional(),
  expiresAt: z.iso.datetime({ offset: true }).optional(),
  scopes: z.array(z.string()),
  facts: z.record(z.string(), z.string()),
  /** The version that was refreshed to get this one; absent when somebody authenticated. */
  replaces: z.int().optional(),
});

/** A credential as one version of its secret holds it. */
export type StoredCredential = z.infer<typeof storedSchema>;

/** The reference of the secret that holds a connection's credential. */
export function credentialRef(tenantId: string, connectionId: string): string {
  return `tenants/${tenantId}/connections/${connectionId}/credentials`;
}

/** @param replaces the version that was refreshed; absent when somebody authenticated */
export function encodeCredential(credential: Credential, replaces?: number): string {
  return JSON.stringify(storedSchema.parse({ ...credential, replaces }));
}

/** @throws SecretUnreadable when the text is no credential; its message tells nothing of the text */
export function decodeCredential(ref: string, version: number, text: string): StoredCredential {
  const parsed = storedSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new SecretUnreadable(
    `Version ${version} of secret ${ref} is not a credential. Authenticate the connection again.`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
