import type { Connection } from './connection.ts';

/** A HubSpot connection as the store gives it. */
export function testConnection(id: string, overrides: Partial<Connection> = {}): Connection {
  return {
    id,
    tenantId: 'acme',
    orgId: null,
    provider: 'hubspot',
    name: id,
    status: 'active',
    statusReason: null,
    statusDetail: null,
    statusSince: '2026-01-31T12:00:00.000Z',
    settings: {},
    labels: {},
    accountId: null,
    accountName: null,
    lastSyncAt: null,
    lastError: null,
    lastErrorDetail: null,
    lastErrorAt: null,
    errorCount: 0,
    disconnectedAt: null,
    version: 1,
    secretRef: `secret/${id}`,
    createdAt: '2026-01-31T12:00:00.000Z',
    updatedAt: '2026-01-31T12:00:00.000Z',
    ...overrides,
  };
}
