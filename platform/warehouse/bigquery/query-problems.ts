import type { Problem } from '#schemas/problem.ts';
import {
  PermissionMissing,
  QueryTooCostly,
  ResourceMissing,
  SchemaMismatch,
  WarehouseUnavailable,
} from '#schemas/problems.ts';
import type { QueryFile } from './query-files.ts';

interface RestError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly errors?: readonly { readonly reason?: string; readonly message?: string }[];
}

/**
 * The named problem of a query that failed, by the reasons of BigQuery's error table.
 *
 * @param where the dataset, `project.dataset`
 */
export function queryProblem(error: unknown, query: QueryFile, where: string): Problem {
  const { code, message, errors = [] } = (error ?? {}) as RestError;
  const reasons = new Set(errors.map(({ reason }) => reason));
  const text = String(message ?? '');
  const cause = error;
  if (reasons.has('bytesBilledLimitExceeded') || /exceeded limit for bytes billed/i.test(text)) {
    const capGib = query.maxBytesBilled / 1024 ** 3;
    return new QueryTooCostly(
      `The query ${query.name} would read more than its cap of ${capGib} GiB. Narrow its filters, or raise the cap in sql/bigquery/queries/${query.name}.sql.`,
      { cause },
    );
  }
  if (reasons.has('accessDenied') || (code === 403 && !isAboutQuota(reasons))) {
    const { permission, resource } = deniedPermission(text, where);
    return new PermissionMissing(`The service account lacks ${permission} on ${resource}.`, {
      cause,
    });
  }
  if (code === 401) {
    return new PermissionMissing('Google did not accept the credentials of this process.', {
      cause,
    });
  }
  if (reasons.has('notFound') || code === 404 || /table not found/i.test(text)) {
    const missing = /Not found: (?:Table|Dataset) ([\w.:-]+)/.exec(text)?.[1];
    return new ResourceMissing(
      `There is no ${missing ?? `table that ${query.name} reads in ${where}`} in BigQuery. Run: tributary schema apply.`,
      { cause },
    );
  }
  if (reasons.has('invalidQuery') || /unrecognized name/i.test(text)) {
    return new SchemaMismatch(
      `BigQuery refuses the query ${query.name} on ${where}: a table or view may be older than this version. Run: tributary schema apply.`,
      { cause },
    );
  }
  return new WarehouseUnavailable(
    `The query ${query.name} failed. Retry; if it stays so, see the log.`,
    { cause },
  );
}

function isAboutQuota(reasons: ReadonlySet<string | undefined>): boolean {
  return ['quotaExceeded', 'rateLimitExceeded', 'blocked'].some((reason) => reasons.has(reason));
}

/** BigQuery names either the permission, or the table that may not be read. */
function deniedPermission(message: string, where: string) {
  const permission = /bigquery\.\w+(?:\.\w+)?/.exec(message)?.[0];
  const table = /Access Denied: Table ([\w.:-]+[\w-])/i.exec(message)?.[1];
  const project = where.slice(0, where.indexOf('.'));
  if (table)
    return { permission: permission ?? 'bigquery.tables.getData', resource: `table ${table}` };
  return { permission: permission ?? 'bigquery.jobs.create', resource: `project ${project}` };
}
