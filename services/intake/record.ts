import type { SkippedItem } from '#adapters/kit/adapter.ts';
import type { LoadedConnection } from '../connections/connection.ts';
import type { Acceptance } from '../outbox/accept.ts';
import type { Call } from './call.ts';
import type { Refusal } from './refusal.ts';
import type { LoggedRequest, RequestLog } from './request-log.ts';

/** A request as far as it came. */
export interface Progress {
  readonly call: Call;
  readonly connection: LoadedConnection | undefined;
  readonly requestId: string;
}

/** Records a request that was refused. */
export function recordRefusal(log: RequestLog, progress: Progress, refusal: Refusal): void {
  const { reason, problem } = refusal;
  log.record(logged(progress, 'rejected', reason, problem.message, problem.status));
}

/** Records what of an accepted request became no event, and a request that repeats an earlier one. */
export function recordOutcome(
  log: RequestLog,
  progress: Progress,
  skipped: readonly SkippedItem[],
  acceptance: Acceptance,
): void {
  for (const { pointer, reason, detail } of skipped) {
    const where = pointer === '' ? '/' : pointer;
    log.record(logged(progress, 'skipped', reason, `${where}: ${detail}`, 200));
  }
  if (acceptance.accepted === 0 && acceptance.duplicates > 0) {
    const detail = `${acceptance.duplicates} events were accepted before`;
    log.record(logged(progress, 'duplicate', 'duplicate', detail, 200));
  }
}

function logged(
  { call, connection, requestId }: Progress,
  outcome: LoggedRequest['outcome'],
  reason: string,
  detail: string,
  httpStatus: number,
): LoggedRequest {
  return {
    requestId,
    receivedAt: new Date(call.request.receivedAtMs).toISOString(),
    tenantId: connection?.tenantId ?? null,
    orgId: connection?.orgId ?? null,
    connectionId: connection?.id ?? null,
    provider: call.provider,
    outcome,
    reason,
    detail,
    httpStatus,
    bodyBytes: call.request.body.length,
    remoteAddress: call.remoteAddress,
  };
}
