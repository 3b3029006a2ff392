import { status as Code } from '@grpc/grpc-js';
import {
  failureName,
  failureReason,
  grpcCode,
  missingPermission,
} from '#platform/google/call-error.ts';
import type { Problem } from '#schemas/problem.ts';
import {
  InternalError,
  PermissionMissing,
  ResourceMissing,
  SecretsUnavailable,
} from '#schemas/problems.ts';

/** What a call was about. */
export interface Attempt {
  /** The permission it needs (Google's table of permissions). */
  readonly permission: string;
  /** Full name of what it was made on. */
  readonly resource: string;
  /** For a name that does not exist. */
  readonly notFound: () => Problem;
  /** The request held a value. Then nothing that Google answers is repeated. */
  readonly holdsValue?: boolean;
}

/** Turns a failed call into the error that callers know; what failed stays its cause. */
export function translate(error: unknown, attempt: Attempt): Problem {
  const cause = attempt.holdsValue ? withoutWords(error) : error;
  const { resource } = attempt;
  const project = resource.split('/').slice(0, 2).join('/');
  switch (grpcCode(error)) {
    case Code.NOT_FOUND:
      return attempt.notFound();
    case Code.PERMISSION_DENIED: {
      const reason = failureReason(error);
      if (reason === 'SERVICE_DISABLED') {
        return new ResourceMissing(
          `The Secret Manager API is not enabled in ${project}. Enable secretmanager.googleapis.com.`,
          { cause },
        );
      }
      if (reason === 'CONSUMER_INVALID') {
        return new ResourceMissing(
          `There is no ${project}, or the service account may not use it. Check GOOGLE_CLOUD_PROJECT.`,
          { cause },
        );
      }
      const missing = attempt.holdsValue ? attempt : missingPermission(error, attempt);
      return new PermissionMissing(
        `The service account lacks ${missing.permission} on ${missing.resource}, or that does not exist.`,
        { cause },
      );
    }
    case Code.UNAUTHENTICATED:
      return new PermissionMissing(
        `Google does not accept the credentials of this process, for ${attempt.permission} on ${resource}.`,
        { cause },
      );
    case Code.INVALID_ARGUMENT:
    case Code.FAILED_PRECONDITION:
      if (attempt.holdsValue) break;
      return new InternalError(`Secret Manager refused the request for ${resource}.`, { cause });
  }
  return new SecretsUnavailable(
    `Secret Manager did not do what was asked for ${resource} (${failureName(error)}). Retry shortly.`,
    { cause },
  );
}

/** What stays of an error whose text may repeat the request. */
function withoutWords(error: unknown): Error {
  const reason = failureReason(error);
  return new Error(`${failureName(error)}${reason === undefined ? '' : `, ${reason}`}`);
}
