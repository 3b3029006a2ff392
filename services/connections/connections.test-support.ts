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
    settings: {},
    secretRef: `secret/${id}`,
    createdAt: '2026-01-31T12:00:00.000Z',
    updatedAt: '2026-01-31T12:00:00.000Z',
    ...overrides,
  };
}
