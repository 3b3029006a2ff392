import { secretRef } from './secret-id.ts';

/** A message on the topic that Secret Manager tells of changes. */
export interface SecretEvent {
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * The reference of the secret that a notification is about, whatever happened to it: a copy that is
 * dropped for nothing is read again.
 *
 * The attributes are `eventType`, `secretId` and, for versions, `versionId`. Ids come as the full
 * name of the resource, `projects/NUMBER/secrets/ID`; the last part alone is taken as well.
 *
 * @returns undefined when the secret is not of this installation, or the message is no notification
 */
export function changedRef(prefix: string, { attributes }: SecretEvent): string | undefined {
  const name = /^(?:projects\/[^/]+\/secrets\/)?([^/]+)$/.exec(attributes.secretId ?? '');
  return name?.[1] === undefined ? undefined : secretRef(prefix, name[1]);
}
