import type { Secrets } from '#platform/secrets/secrets.ts';
import { Problem } from '#schemas/problem.ts';
import type { ConnectionFacts } from './facts.ts';
import type { Finding } from './finding.ts';
import type { ReadinessCheck } from './readiness.ts';

/** Secrets stand by reference and can be read; credentials are valid and hold their scopes. */
export function credentialCheck(secrets: Pick<Secrets, 'versions' | 'access'>): ReadinessCheck {
  return {
    name: 'credentials',
    look: async ({ connections, nowMs }) => {
      const found = await Promise.all(
        connections.map(async (connection) => [
          await webhookSecret(secrets, connection),
          ...(await credential(secrets, connection, nowMs)),
        ]),
      );
      return found.flat();
    },
  };
}

async function webhookSecret(
  secrets: Pick<Secrets, 'versions' | 'access'>,
  { id, secretRef }: ConnectionFacts,
): Promise<Finding> {
  const finding = { check: 'webhook_secret', connectionId: id };
  try {
    const enabled = (await secrets.versions(secretRef)).filter(({ state }) => state === 'enabled');
    // Read and forgotten: what is listed may still not be readable.
    for (const { version } of enabled) await secrets.access(secretRef, version);
    if (enabled.length > 0) {
      const versions = enabled.map(({ version }) => version).join(', ');
      return {
        ...finding,
        state: 'ok',
        evidence: `${secretRef} can be read; enabled versions: ${versions}.`,
      };
    }
  } catch (error) {
    return { ...finding, ...unreadable(secretRef, error) };
  }
  return {
    ...finding,
    state: 'gap',
    evidence: `${secretRef} has no enabled version.`,
    next: 'Rotate the webhook secret.',
  };
}

async function credential(
  secrets: Pick<Secrets, 'access'>,
  { id, credential: facts }: ConnectionFacts,
  nowMs: number,
): Promise<Finding[]> {
  const finding = { check: 'credentials', connectionId: id };
  if (!facts) {
    const evidence = 'It only receives: it has no credential to call the provider with.';
    return [{ ...finding, state: 'not_applicable', evidence }];
  }
  const { secret_ref: ref, secret_ref_version: version, kind } = facts;
  try {
    await secrets.access(ref, version);
  } catch (error) {
    return [{ ...finding, ...unreadable(ref, error) }];
  }
  const found: Finding[] = [stateOf(finding, facts, nowMs)];
  const missing = facts.scopes_requested.filter((scope) => !facts.scopes_granted.includes(scope));
  if (kind === 'oauth2' && missing.length > 0) {
    found.push({
      ...finding,
      check: 'scopes',
      state: 'warning',
      evidence: `Asked for and not granted: ${missing.join(', ')}.`,
      next: 'Go through the consent again if what they allow is needed.',
    });
  }
  return found;
}

function stateOf(
  finding: Pick<Finding, 'check' | 'connectionId'>,
  {
    kind,
    secret_ref: ref,
    secret_ref_version: version,
    ...facts
  }: NonNullable<ConnectionFacts['credential']>,
  nowMs: number,
): Finding {
  const where = `${kind} by ${ref}, version ${version}`;
  if (facts.failure) {
    const detail = facts.failure_detail ?? facts.failure;
    return {
      ...finding,
      state: facts.failure === 'credentials_refused' ? 'gap' : 'warning',
      evidence: `${where}: ${detail}`,
      next: 'Authenticate the connection again if it stays so.',
    };
  }
  const expires = facts.expires_at?.toISOString();
  const isExpired = facts.expires_at !== null && facts.expires_at.getTime() <= nowMs;
  return {
    ...finding,
    state: isExpired ? 'warning' : 'ok',
    evidence: `${where}, can be read; ${expires ? `expires ${expires}` : 'does not expire, as far as the provider tells'}.`,
    ...(isExpired && { next: 'The next call or the minute task refreshes it; ask again then.' }),
  };
}

function unreadable(ref: string, error: unknown): Pick<Finding, 'state' | 'evidence' | 'next'> {
  if (!(error instanceof Problem)) throw error;
  return {
    state: 'gap',
    evidence: `${ref} cannot be read: ${error.message} [${error.code}]`,
    next: 'Give the service access to the secret, or set it anew.',
  };
}
