import type { Secrets, SecretVersion } from '#platform/secrets/secrets.ts';
import { InvalidRequest } from '#schemas/problems.ts';

/** Each of them is tried at every webhook. */
const MAX_ENABLED = 5;

/**
 * The signing secrets of connections. All enabled versions of one verify, so that a rotation has no gap: the
 * new one is added, the provider is given it, and the old one is retired when nothing comes by it any more.
 */
export class WebhookSecrets {
  readonly #secrets: Secrets;

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  /** Newest first, without values. @throws SecretNotFound */
  list(ref: string): Promise<SecretVersion[]> {
    return this.#secrets.versions(ref);
  }

  /**
   * Adds a secret; from now on it verifies, and so do the earlier ones.
   *
   * @throws InvalidRequest when there are five already
   */
  async rotate(ref: string, secret: string): Promise<SecretVersion> {
    const enabled = (await this.list(ref)).filter(({ state }) => state === 'enabled');
    if (enabled.length >= MAX_ENABLED) {
      throw new InvalidRequest(
        `${MAX_ENABLED} signing secrets of this connection verify already. Retire those that the provider does not use any more.`,
      );
    }
    return this.#secrets.addVersion(ref, secret);
  }

  /**
   * Destroys the versions older than one that stays: they verify no more, for good.
   *
   * @returns all versions as they are then
   * @throws InvalidRequest when that one does not verify, as then nothing might
   */
  async retire(ref: string, olderThan: number): Promise<SecretVersion[]> {
    const versions = await this.list(ref);
    const kept = versions.find(({ version }) => version === olderThan);
    if (kept?.state !== 'enabled') {
      throw new InvalidRequest(
        `Version ${olderThan} of the signing secret does not verify webhooks. Name the oldest version that is to stay.`,
      );
    }
    const older = versions.filter(
      ({ version, state }) => version < olderThan && state !== 'destroyed',
    );
    // First all are turned off: what fails after that leaves nothing that verifies.
    for (const { version } of older) await this.#secrets.disable(ref, version);
    for (const { version } of older) await this.#secrets.destroy(ref, version);
    return this.list(ref);
  }
}
