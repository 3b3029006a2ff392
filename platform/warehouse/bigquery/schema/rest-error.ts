import type { Problem } from '#schemas/problem.ts';
import {
  InvalidConfig,
  InvalidRequest,
  PermissionMissing,
  ResourceMissing,
  WarehouseUnavailable,
} from '#schemas/problems.ts';
import type { RestRequest } from './step.ts';

interface ApiError {
  readonly code?: unknown;
  readonly message?: string;
  readonly errors?: readonly { readonly reason?: string }[];
}

/** BigQuery's words: "Permission bigquery.tables.get denied on table p:d.t (or it may not exist)." */
const NAMED_PERMISSION = /[Pp]ermission '?(bigquery\.[\w.]+)'? (?:denied )?on (\w+ [^\s)]+)/;
/** Google: "Not found: Project p"; the emulator: "project p is not found". */
const ABOUT_PROJECT = /^(?:not found: )?project\b/i;
const RETRY = new Set(['rateLimitExceeded', 'quotaExceeded', 'jobRateLimitExceeded']);

/** Whether there is no such thing, in a project that there is. */
export function isAbsent(error: unknown): boolean {
  const { code, message = '' } = error as ApiError;
  return code === 404 && !ABOUT_PROJECT.test(message);
}

/**
 * The named error for a failed call of BigQuery's REST API.
 *
 * @param needs the permission the call takes, for answers that name none
 */
export function translateRestError(
  cause: unknown,
  projectId: string,
  needs: RestRequest['needs'],
): Problem {
  const { code, message = '', errors } = cause as ApiError;
  const reason = errors?.[0]?.reason ?? '';
  if (reason === 'accessNotConfigured' || /has not enabled BigQuery/.test(message)) {
    return new ResourceMissing(
      `BigQuery is not enabled in the project ${projectId}, or there is no such project. Check GOOGLE_CLOUD_PROJECT; enable the API bigquery.googleapis.com.`,
      { cause },
    );
  }
  if (RETRY.has(reason) || code === 429) {
    return new WarehouseUnavailable(
      'BigQuery takes no more requests at the moment. Retry in a minute.',
      { cause },
    );
  }
  if (code === 403) {
    const named = NAMED_PERMISSION.exec(message);
    const permission = named?.[1] ?? needs.permission;
    const resource = named?.[2] ?? `${needs.resource} of project ${projectId}`;
    return new PermissionMissing(
      `The account lacks ${permission} on ${resource}. Grant it, or use another account.`,
      { cause },
    );
  }
  if (code === 404) {
    return ABOUT_PROJECT.test(message)
      ? new ResourceMissing(
          `There is no project ${projectId}, or the account may not see it. Check GOOGLE_CLOUD_PROJECT.`,
          { cause },
        )
      : new ResourceMissing(`BigQuery has no ${needs.resource}: ${message}`, { cause });
  }
  if (code === 401 || /default credentials|invalid_grant/i.test(message)) {
    return new InvalidConfig(
      'There are no valid Google credentials. Run gcloud auth application-default login, or run with a service account.',
      { cause },
    );
  }
  if (code === 409) {
    return new WarehouseUnavailable(
      `The ${needs.resource} was changed by somebody else at the same time. Run it again.`,
      { cause },
    );
  }
  if (code === 400) {
    return new InvalidRequest(`BigQuery refused the change of ${needs.resource}: ${message}`, {
      cause,
    });
  }
  return new WarehouseUnavailable(`BigQuery did not answer (${String(code ?? message)}). Retry.`, {
    cause,
  });
}
