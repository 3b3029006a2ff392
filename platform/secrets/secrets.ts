export type SecretState = 'enabled' | 'disabled' | 'destroyed';

export interface SecretVersion {
  /** Counts from 1 and is never reused. */
  readonly version: number;
  readonly state: SecretState;
  readonly createdAtMs: number;
}

/**
 * Secrets by reference. A reference is a path such as `tenants/acme/connections/con_1/webhook`; only
 * references stand in tables. No error or log holds a value.
 */
export interface Secrets {
  /** Makes a secret with its first version. @throws SecretExists */
  create(ref: string, value: string): Promise<SecretVersion>;

  /** Adds a version, which becomes the latest. @throws SecretNotFound */
  addVersion(ref: string, value: string): Promise<SecretVersion>;

  /**
   * Reads a value: of one version, or of the latest enabled one.
   *
   * @throws SecretNotFound when there is none, or the version is not enabled
   * @throws SecretUnreadable when it is stored but cannot be decrypted or fails its checksum
   * @throws SecretsUnavailable when the store does not answer
   */
  access(ref: string, version?: number): Promise<string>;

  /** All versions, newest first. @throws SecretNotFound */
  versions(ref: string): Promise<SecretVersion[]>;

  /** Makes a version unreadable until it is enabled again. @throws SecretNotFound */
  disable(ref: string, version: number): Promise<void>;

  /** @throws SecretNotFound, also for a destroyed version */
  enable(ref: string, version: number): Promise<void>;

  /** Removes a version's value for good; its number stays taken. @throws SecretNotFound */
  destroy(ref: string, version: number): Promise<void>;

  /**
   * Tells of secrets whose versions changed, so that copies of their values can be dropped. Told are
   * at least the changes made through this store; a copy still needs a bounded life of its own.
   */
  watch(onChanged: (ref: string) => void): Promise<SecretWatch>;

  /** Asks whether secrets can be read now. @throws SecretsUnavailable, PermissionMissing */
  check(): Promise<void>;

  close(): Promise<void>;
}

export interface SecretWatch {
  close(): Promise<void>;
}
