import type { BoundAdapter } from '#adapters/kit/adapter.ts';

export type ConnectionStatus = 'active' | 'inactive' | 'error';

/** A provider account of a tenant, as stored. Holds references to secrets, never a secret. */
export interface Connection {
  readonly id: string;
  readonly tenantId: string;
  readonly orgId: string | null;
  readonly provider: string;
  readonly name: string;
  readonly status: ConnectionStatus;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secretRef: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A connection ready to receive: its adapter is compiled from its settings. */
export interface LoadedConnection extends Connection {
  readonly bound: BoundAdapter;
}
