import { status as Code } from '@grpc/grpc-js';

/** What an error of Google's clients may hold, besides its message. */
interface GoogleCallError {
  readonly code?: unknown;
  readonly details?: unknown;
  readonly reason?: unknown;
  readonly errorInfoMetadata?: unknown;
}

/** The gRPC code of a failed call; undefined when it failed before it was one. */
export function grpcCode(error: unknown): Code | undefined {
  const { code } = (error ?? {}) as GoogleCallError;
  return typeof code === 'number' && Code[code] !== undefined ? code : undefined;
}

/** The name of its code, such as `UNAVAILABLE`, or the error's own. */
export function failureName(error: unknown): string {
  const code = grpcCode(error);
  if (code !== undefined) return Code[code];
  return error instanceof Error ? error.name : 'unknown';
}

/** Google's stable word for the reason, such as `SERVICE_DISABLED` (google.rpc.ErrorInfo). */
export function failureReason(error: unknown): string | undefined {
  const { reason } = (error ?? {}) as GoogleCallError;
  return typeof reason === 'string' && /^[A-Z0-9_]{1,63}$/.test(reason) ? reason : undefined;
}

export interface Permission {
  readonly permission: string;
  readonly resource: string;
}

/** Two wordings seen in answers: Cloud Scheduler's and Secret Manager's. */
const WORDINGS = [
  /IAM permission "([\w.]+)" for the resource "([^"]+)"/,
  /Permission '([\w.]+)' denied (?:for|on) resource:? '([^']+)'/,
];

/**
 * The permission that a call was refused for: Google names it in google.rpc.ErrorInfo or in words.
 *
 * @param asked what the call needs, for an answer that names nothing
 */
export function missingPermission(error: unknown, asked: Permission): Permission {
  const { errorInfoMetadata, details } = (error ?? {}) as GoogleCallError;
  const { permission, resource } = (errorInfoMetadata ?? {}) as Partial<Permission>;
  if (typeof permission === 'string' && permission !== '') {
    return { permission, resource: resource || asked.resource };
  }
  for (const wording of WORDINGS) {
    const found = wording.exec(String(details));
    if (found) return { permission: found[1] ?? '', resource: found[2] ?? '' };
  }
  return asked;
}
