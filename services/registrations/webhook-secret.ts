import type { Secrets, SecretVersion } from '#platform/secrets/secrets.ts';
import { SecretNotFound } from '#schemas/problems.ts';

/** Every process has read a secret anew within a minute; a new version is used after two. */
const SETTLED_MS = 120_000;

/**
 * The version of a webhook's secret that a provider is to use: the newest that every process has heard of,
 * so that no notification comes with one that is not known yet.
 *
 * @throws SecretNotFound when no version is enabled
 */
export async function settledVersion(
  secrets: Pick<Secrets, 'versions'>,
  ref: string,
  nowMs: number,
): Promise<number> {
  const enabled = (await secrets.versions(ref)).filter(({ state }) => state === 'enabled');
  const settled = enabled.find(({ createdAtMs }) => nowMs - createdAtMs >= SETTLED_MS);
  // All are new: the oldest is known longest.
  const chosen: SecretVersion | undefined = settled ?? enabled.at(-1);
  if (chosen !== undefined) return chosen.version;
  throw new SecretNotFound(`The secret ${ref} has no enabled version. Add or enable one.`);
}
