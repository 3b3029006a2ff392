import type { Queryable } from '#platform/database/database.ts';

/** On whose behalf something was done. */
export interface AuditActor {
  readonly tenantId: string;
  readonly orgId: string | null;
  readonly actor: string;
}

export interface AuditEntry {
  /** "subject.verb", such as connection.disabled. */
  readonly action: string;
  readonly subjectType: string;
  readonly subjectId: string;
  /** The subject as the API shows it, which is without secrets; absent where there was none. */
  readonly before?: object | undefined;
  readonly after?: object | undefined;
  readonly requestId?: string | undefined;
}

/**
 * Writes down who did what.
 *
 * @param tx the transaction of the change itself: one is never kept without the other
 */
export async function recordAudit(
  tx: Queryable,
  { tenantId, orgId, actor }: AuditActor,
  entry: AuditEntry,
): Promise<void> {
  const { action, subjectType, subjectId, before, after, requestId } = entry;
  await tx.query(
    `INSERT INTO audit_log (tenant_id, org_id, actor, action, subject_type, subject_id, before, after,
       request_id)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      ...[tenantId, orgId, actor, action, subjectType, subjectId],
      ...[before && JSON.stringify(before), after && JSON.stringify(after), requestId].map(
        (value) => value ?? null,
      ),
    ],
  );
}

/** How services tell what was done. `tx` is the transaction of the change, where there is one. */
export type Audit = (
  actor: AuditActor,
  action: string,
  subject: { readonly type: string; readonly id: string },
  before: unknown,
  after: unknown,
  tx?: Queryable,
) => Promise<void>;

/** Tells the audit log. */
export function auditTo(database: Queryable): Audit {
  return (actor, action, { type, id }, before, after, tx = database) =>
    recordAudit(tx, actor, {
      action,
      subjectType: type,
      subjectId: id,
      before: isObject(before) ? before : undefined,
      after: isObject(after) ? after : undefined,
    });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
