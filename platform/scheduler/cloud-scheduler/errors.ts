import { status as Code } from '@grpc/grpc-js';
import {
  failureName,
  failureReason,
  grpcCode,
  missingPermission,
} from '#platform/google/call-error.ts';
import type { Problem } from '#schemas/problem.ts';
import {
  InvalidRequest,
  PermissionMissing,
  ResourceMissing,
  SchedulerUnavailable,
} from '#schemas/problems.ts';

/** What a call was about. */
export interface Attempt {
  /** The permission it needs (Google's table of permissions). */
  readonly permission: string;
  /** Full name of what it was made on. */
  readonly resource: string;
  /** For a name that does not exist. */
  readonly notFound: () => Problem;
}

/** Turns a failed call into the error that callers know; what failed stays its cause. */
export function translate(cause: unknown, attempt: Attempt): Problem {
  const { permission, resource } = attempt;
  switch (grpcCode(cause)) {
    case Code.NOT_FOUND:
      return attempt.notFound();
    case Code.INVALID_ARGUMENT:
      return new InvalidRequest(
        `Cloud Scheduler does not take ${resource}: ${(cause as { details?: string }).details}`,
        { cause },
      );
    case Code.PERMISSION_DENIED: {
      if (failureReason(cause) === 'SERVICE_DISABLED') {
        return new ResourceMissing(
          `The Cloud Scheduler API is not enabled for ${resource}. Enable cloudscheduler.googleapis.com.`,
          { cause },
        );
      }
      const missing = missingPermission(cause, attempt);
      return new PermissionMissing(
        `The service account lacks ${missing.permission} on ${missing.resource}, or that does not exist.`,
        { cause },
      );
    }
    case Code.UNAUTHENTICATED:
      return new PermissionMissing(
        `Google does not accept the credentials of this process, for ${permission} on ${resource}.`,
        { cause },
      );
    default:
      return new SchedulerUnavailable(
        `Cloud Scheduler did not do what was asked for ${resource} (${failureName(cause)}). Retry shortly.`,
        { cause },
      );
  }
}
