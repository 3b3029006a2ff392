import type { StoredSecret, StoredVersion } from './secret-store.ts';

/** A message as Secret Manager publishes it to a secret's topics. */
export interface Notification {
  /** Full name of the topic. */
  readonly topic: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** JSON of the secret or the version; never a value. */
  readonly data: string;
}

/** One message for each of the secret's topics. */
export function notifications(
  eventType: string,
  secret: StoredSecret,
  version?: StoredVersion,
): Notification[] {
  const { versions: _, ...described } = secret;
  const { data: __, ...describedVersion } = version ?? { data: undefined };
  return (secret.topics ?? []).map(({ name = '' }) => ({
    topic: name,
    attributes: {
      dataFormat: 'JSON_API_V1',
      eventType,
      secretId: secret.name,
      timestamp: new Date().toISOString(),
      ...(version && { versionId: version.name }),
    },
    data: JSON.stringify(version ? describedVersion : described),
  }));
}
