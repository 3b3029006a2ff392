import type { BoundAdapter } from '#adapters/kit/adapter.ts';

export const CONNECTION_STATUSES = ['active', 'inactive', 'error'] as const;
export type ConnectionStatus = (typeof CONNECTION_STATUSES)[number];

/** A provider account of a tenant, as stored. Holds references to secrets, never a secret. */
export interface Connection {
  readonly id: string;
  readonly tenantId: string;
  readonly orgId: string | null;
  readonly provider: string;
  readonly name: string;
  readonly status: ConnectionStatus;
  /** Why it is not active: a stable word and a sentence. Null while it is. */
  readonly statusReason: string | null;
  readonly statusDetail: string | null;
  readonly statusSince: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly labels: Readonly<Record<string, string>>;
  /** The provider's id and name of the account, where it told them. */
  readonly accountId: string | null;
  readonly accountName: string | null;
  readonly secretRef: string;
  readonly lastSyncAt: string | null;
  readonly lastError: string | null;
  readonly lastErrorDetail: string | null;
  readonly lastErrorAt: string | null;
  readonly errorCount: number;
  readonly disconnectedAt: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Counts changes. */
  readonly version: number;
}

/** A connection ready to receive: its adapter is compiled from its settings. */
export interface LoadedConnection extends Connection {
  readonly bound: BoundAdapter;
}
