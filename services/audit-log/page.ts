import type { Queryable } from '#platform/database/database.ts';
import type { TenantScope } from '#platform/database/tenant-database.ts';
import { decodeCursor, encodeCursor } from '../http/cursor.ts';

export interface AuditFilter {
  readonly action?: string | undefined;
  readonly actor?: string | undefined;
  readonly subject_type?: string | undefined;
  readonly subject_id?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

interface AuditRow {
  readonly id: string;
  readonly happened_at: Date;
  readonly actor: string;
  readonly action: string;
  readonly subject_type: string;
  readonly subject_id: string;
  readonly org_id: string | null;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
  readonly request_id: string | null;
}

/** A page of the audit log, newest first. @throws InvalidRequest for a cursor that is none */
export async function auditPage(
  database: Queryable,
  { tenantId, orgId, reach }: TenantScope,
  filter: AuditFilter,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
) {
  const [before] = cursor === undefined ? [] : decodeCursor(cursor, [isId]);
  const rows = await database.query<AuditRow>(
    `SELECT id, happened_at, actor, action, subject_type, subject_id, org_id, before, after, request_id
     FROM audit_log
     WHERE tenant_id = $1 AND ($2 OR org_id IS NULL OR org_id = $3)
       AND ($4::text IS NULL OR action = $4)
       AND ($5::text IS NULL OR actor = $5)
       AND ($6::text IS NULL OR subject_type = $6)
       AND ($7::text IS NULL OR subject_id = $7)
       AND ($8::timestamptz IS NULL OR happened_at >= $8)
       AND ($9::timestamptz IS NULL OR happened_at < $9)
       AND ($10::bigint IS NULL OR id < $10)
     ORDER BY id DESC LIMIT $11`,
    [
      ...[tenantId, reach === 'tenant', orgId],
      ...[filter.action, filter.actor, filter.subject_type, filter.subject_id].map(orNull),
      ...[filter.from, filter.to, before].map(orNull),
      limit + 1,
    ],
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    entries: page.map((row) => ({ ...row, happened_at: row.happened_at.toISOString() })),
    next_cursor: last && rows.length > limit ? encodeCursor([last.id]) : null,
  };
}

const orNull = (value: string | undefined) => value ?? null;
const isId = (text: string) => /^\d{1,18}$/.test(text);
