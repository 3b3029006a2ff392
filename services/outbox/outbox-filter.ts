import type { CellValue } from '#platform/warehouse/warehouse.ts';

/** Which rows of the outbox are meant: all that agree with every part that is given. */
export interface OutboxFilter {
  readonly tenantId?: string | undefined;
  readonly orgId?: string | undefined;
  readonly connectionId?: string | undefined;
  readonly provider?: string | undefined;
  readonly eventType?: string | undefined;
  readonly entityType?: string | undefined;
  readonly entityId?: string | undefined;
  /** False leaves out what is only for the resolver (`*.observed`). Default true. */
  readonly withObservations?: boolean | undefined;
}

export type FilterParams = Readonly<Record<string, CellValue>>;

/** The parameters that the queries `outbox-rows`, `outbox-histogram` and `outbox-sizes` share. */
export function filterParams(filter: OutboxFilter): FilterParams {
  return {
    tenant_id: filter.tenantId ?? null,
    org_id: filter.orgId ?? null,
    connection_id: filter.connectionId ?? null,
    provider: filter.provider ?? null,
    event_type: filter.eventType ?? null,
    entity_type: filter.entityType ?? null,
    entity_id: filter.entityId ?? null,
    with_observations: filter.withObservations ?? true,
  };
}
