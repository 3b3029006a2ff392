import type { Queryable } from '#platform/database/database.ts';
import type { Identity, Principal } from '../access/principal.ts';
import type { NewCredential } from '../connections/ports.ts';

export interface ConnectionDraft {
  readonly provider: string;
  readonly name: string;
  readonly settings: Record<string, unknown>;
  readonly labels: Record<string, string>;
  /** The webhook secret, where the provider signs with one that we hold already. */
  readonly secret?: string;
}

/** What makes connections. Nothing is left of one that fails. */
export interface ConnectionLifecycle {
  /** @throws AccountConnected, ConnectionExists, InvalidRequest, InvalidSettings */
  create(
    principal: Principal,
    draft: ConnectionDraft,
    credential: NewCredential,
  ): Promise<{ id: string }>;
  /**
   * Gives a connection a new credential in place of the one it has.
   *
   * @throws NotFound, NotPermitted, AccountConnected, InvalidRequest when it is of another account
   */
  authenticate(
    principal: Principal,
    connectionId: string,
    credential: NewCredential,
  ): Promise<{ id: string }>;
}

/** A browser that is signed in. */
export interface Session {
  /** What it is known by; the value itself is nowhere stored. */
  readonly idHash: string;
  /** The value of its cookie. */
  readonly secret: string;
  readonly identity: Identity;
}

/** Writes down who did what, in the transaction of the change. */
export type RecordChange = (
  tx: Queryable,
  actor: Principal,
  entry: {
    /** "subject.verb". */
    readonly action: string;
    readonly subjectType: string;
    readonly subjectId: string;
    readonly before?: object | undefined;
    readonly after?: object | undefined;
  },
) => Promise<void>;
