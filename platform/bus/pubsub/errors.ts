import { status } from '@grpc/grpc-js';
import { Problem } from '#schemas/problem.ts';
import {
  BusUnavailable,
  InvalidRequest,
  PermissionMissing,
  ResourceMissing,
} from '#schemas/problems.ts';

/** What was asked of Pub/Sub, and the permission it takes (Google's table of Pub/Sub permissions). */
const PERMISSIONS = {
  publish: 'pubsub.topics.publish',
  getTopic: 'pubsub.topics.get',
  createTopic: 'pubsub.topics.create',
  // Besides, pubsub.topics.attachSubscription on the topic.
  createSubscription: 'pubsub.subscriptions.create',
  getSubscription: 'pubsub.subscriptions.get',
  updateSubscription: 'pubsub.subscriptions.update',
  deleteSubscription: 'pubsub.subscriptions.delete',
  consume: 'pubsub.subscriptions.consume',
} as const;

export type Operation = keyof typeof PERMISSIONS;

/** What was asked, and of which resource, for the text of an error. */
export interface Asked {
  readonly operation: Operation;
  /** Its full name, such as projects/acme/topics/integration-events. */
  readonly resource: string;
}

interface GoogleFault {
  readonly code: number | undefined;
  readonly details: string;
  /** Google's ErrorInfo reason, where there is one. */
  readonly reason: string | undefined;
}

type Translate = (asked: Asked, fault: GoogleFault, cause: unknown) => Problem;

const QUOTA_RETRY_SECONDS = 10;
const RETRY_SECONDS = 5;

/** Codes that do not mean "try again later". All others do. */
const TRANSLATIONS: Readonly<Partial<Record<number, Translate>>> = {
  [status.NOT_FOUND]: notFound,
  [status.PERMISSION_DENIED]: permissionDenied,
  [status.UNAUTHENTICATED]: ({ resource }, _, cause) =>
    new PermissionMissing(
      `Google did not accept the credentials used for ${resource}: run as a service account of the project, or renew the login.`,
      { cause },
    ),
  [status.INVALID_ARGUMENT]: ({ operation, resource }, _, cause) =>
    new InvalidRequest(`Pub/Sub refused ${operation} of ${resource} as not valid.`, { cause }),
  [status.RESOURCE_EXHAUSTED]: ({ operation, resource }, _, cause) =>
    new BusUnavailable(
      `Pub/Sub's quota for ${operation} is used up (${resource}). Ask Google for more if this goes on.`,
      { cause, retryAfterSeconds: QUOTA_RETRY_SECONDS },
    ),
};

/**
 * Turns what a Google client threw into the platform's error, with the original as its cause. A
 * Problem stays as it is. Google's own text, which could quote a message, is only in the cause.
 */
export function translateError(error: unknown, asked: Asked): Problem {
  if (error instanceof Problem) return error;
  const fault = readFault(error);
  const translate = fault.code === undefined ? undefined : TRANSLATIONS[fault.code];
  return translate?.(asked, fault, error) ?? unavailable(asked, fault, error);
}

/** Whether a Google client failed with this code. */
export function hasCode(error: unknown, code: status): boolean {
  return readFault(error).code === code;
}

function notFound({ resource }: Asked, { details }: GoogleFault, cause: unknown): Problem {
  const missing = /project not found/i.test(details)
    ? `Project ${projectOf(resource)} does not exist, or this account may not see it: check GOOGLE_CLOUD_PROJECT`
    : `${resource} does not exist: Terraform makes it`;
  return new ResourceMissing(`${missing}.`, { cause });
}

function permissionDenied(asked: Asked, fault: GoogleFault, cause: unknown): Problem {
  const { operation, resource } = asked;
  if (fault.reason === 'SERVICE_DISABLED') {
    return new ResourceMissing(
      `The Pub/Sub API is not enabled in project ${projectOf(resource)}: enable pubsub.googleapis.com.`,
      { cause },
    );
  }
  return new PermissionMissing(
    `The service account may not ${operation}: it needs ${PERMISSIONS[operation]} on ${resource}. Also check that ${projectOf(resource)} is the right project.`,
    { cause },
  );
}

function unavailable({ operation, resource }: Asked, { code }: GoogleFault, cause: unknown) {
  const name = code === undefined ? 'no code' : (status[code] ?? `code ${code}`);
  return new BusUnavailable(`Pub/Sub did not confirm ${operation} of ${resource} (${name}).`, {
    cause,
    retryAfterSeconds: RETRY_SECONDS,
  });
}

function projectOf(resource: string): string {
  return resource.split('/')[1] ?? resource;
}

function readFault(error: unknown): GoogleFault {
  if (typeof error !== 'object' || error === null) {
    return { code: undefined, details: String(error), reason: undefined };
  }
  const { code, details, message, reason } = error as Record<string, unknown>;
  return {
    code: typeof code === 'number' ? code : undefined,
    details: String(details ?? message ?? ''),
    reason: typeof reason === 'string' ? reason : undefined,
  };
}
