import type { Connection } from '../connections/connection.ts';

/** A webhook that a provider keeps for a connection, or is to keep, as stored. */
export interface Registration {
  readonly id: string;
  readonly connectionId: string;
  readonly tenantId: string;
  readonly orgId: string | null;
  /** What it is for, in the provider's words. */
  readonly resource: string;
  /** The provider's id; null until it has answered, where it is the provider's to choose. */
  readonly externalId: string | null;
  /**
   * `pending`: the provider was asked, or is about to be, and has not said yes. `failed`: it said no, and
   * asking again at once would not help.
   */
  readonly state: 'pending' | 'active' | 'failed';
  readonly expiresAtMs: number | null;
  /** When it was last registered or extended; null when it never was. */
  readonly renewedAtMs: number | null;
  /** In a row. */
  readonly failures: number;
  /** When it is tried again, after a failure. */
  readonly retryAtMs: number | null;
  readonly failure: string | null;
  readonly failureDetail: string | null;
  readonly registered: RegisteredWith;
  readonly createdAtMs: number;
}

/** What a webhook was registered with: when it is another now, the provider has to be told. */
export interface RegisteredWith {
  /** Version of the secret. */
  readonly secretVersion?: number | undefined;
  /** The address, without its secret segment. */
  readonly url?: string | undefined;
}

/** A connection, as far as registrations need it. */
export interface RegisteringConnection extends Connection {
  /** Whether it has credentials to call its provider with. */
  readonly hasCredential: boolean;
}

/** A line in the log of a connection, for the people who run it. Never a secret. */
export interface RegistrationLogEntry {
  readonly level: 'info' | 'warning' | 'error';
  readonly kind: 'registration';
  readonly code:
    | 'webhook_registered'
    | 'webhook_renewed'
    | 'webhook_removed'
    | 'webhook_left'
    | 'registration_delayed'
    | 'registration_failed';
  readonly message: string;
  readonly data: Readonly<Record<string, string | number | boolean>>;
}

/** Writes a line into the log of a connection. */
export type LogRegistration = (
  connection: Pick<Connection, 'id' | 'tenantId' | 'orgId'>,
  entry: RegistrationLogEntry,
) => Promise<void>;
