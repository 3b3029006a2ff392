import { randomUUID } from 'node:crypto';
import type {
  SkippedItem,
  WebhookAnswer,
  WebhookRequest,
  WebhookResult,
} from '#adapters/kit/adapter.ts';
import { hmac } from '#adapters/kit/signature.ts';
import { Problem } from '#schemas/problem.ts';
import {
  ConnectionDisabled,
  EncodingNotSupported,
  InternalError,
  RateLimited,
  VerificationUnavailable,
  WebhookNotVerified,
} from '#schemas/problems.ts';
import type { LoadedConnection } from '../connections/connection.ts';
import type { ConnectionDirectory } from '../connections/directory.ts';
import type { SecretCache } from '../connections/secret-cache.ts';
import type { Accept, Acceptance } from '../outbox/accept.ts';
import type { ReceiptClock } from '../outbox/receipt-clock.ts';
import { buildEvents } from './build-events.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { LoggedRequest, RequestLog } from './request-log.ts';

export interface IntakeDependencies {
  readonly accept: Accept;
  readonly clock: ReceiptClock;
  readonly directory: ConnectionDirectory;
  readonly secrets: SecretCache;
  readonly limiter: RateLimiter;
  readonly log: RequestLog;
}

/** A webhook call and where it was addressed to. */
export interface Call {
  readonly provider: string;
  readonly connectionId: string;
  readonly remoteAddress: string;
  readonly request: WebhookRequest;
}

/** Why a request was refused, for the log; the sender sees the problem alone. */
interface Refusal {
  readonly reason: string;
  readonly problem: Problem;
}

const NOT_VERIFIED =
  'The request could not be verified. Check the webhook URL and the signing secret; the request log of the connection holds the reason.';

/**
 * The webhook path: limit, find the connection, verify raw bytes, transform, accept, answer.
 *
 * @returns the answer the provider expects, once the events are durable
 * @throws Problem for everything else; each is in the request log with its true reason
 */
export async function receive(call: Call, intake: IntakeDependencies): Promise<WebhookAnswer> {
  const receipt = { requestId: newTraceId(), receivedAtMs: intake.clock.nowMs() };
  let connection: LoadedConnection | undefined;
  try {
    limit(call, intake);
    assertPlainEncoding(call.request);
    connection = await findConnection(call, intake);
    await verify(call, connection, intake);
    const { accepting, skipped, answer } = transform(call.request, connection, receipt, intake);
    const acceptance = await accepting;
    noteOutcome(call, connection, receipt, skipped, acceptance, intake.log);
    return answer ?? countsAnswer(acceptance, skipped.length);
  } catch (error) {
    const { reason, problem } = asRefusal(error);
    intake.log.record(
      logged(call, connection, receipt, 'rejected', reason, problem.message, problem.status),
    );
    throw problem;
  }
}

/** What is left to wait for. Holds no event: they are garbage once they are on their way. */
interface Transformed extends Omit<WebhookResult, 'drafts'> {
  readonly accepting: Promise<Acceptance>;
}

function transform(
  request: WebhookRequest,
  connection: LoadedConnection,
  receipt: ReceiptInfo,
  intake: IntakeDependencies,
): Transformed {
  const { drafts, ...rest } = connection.bound.webhook(request);
  const events = buildEvents(drafts, connection, {
    traceId: receipt.requestId,
    receivedAtMs: receipt.receivedAtMs,
    source: 'webhook',
  });
  return { ...rest, accepting: intake.accept(events) };
}

/** Carries the true reason of a refusal past the problem that the sender is shown. */
class NotVerifiedBecause extends WebhookNotVerified {
  readonly reason: string;

  constructor(reason: string) {
    super(NOT_VERIFIED);
    this.reason = reason;
  }
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof NotVerifiedBecause) return { reason: error.reason, problem: error };
  if (error instanceof Problem) return { reason: error.code, problem: error };
  const problem = new InternalError('The request could not be processed. Send it again later.', {
    cause: error,
  });
  return { reason: problem.code, problem };
}

function limit(call: Call, intake: IntakeDependencies): void {
  // By the id as addressed, known or not, so that being limited tells nothing.
  const waitSeconds = intake.limiter.take(call.connectionId, Date.now());
  if (waitSeconds === 0) return;
  throw new RateLimited(`Too many requests for this connection. Wait ${waitSeconds} s.`, {
    retryAfterSeconds: waitSeconds,
  });
}

function assertPlainEncoding(request: WebhookRequest): void {
  const encoding = request.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return;
  throw new EncodingNotSupported('Send the body without a content encoding.');
}

async function findConnection(call: Call, intake: IntakeDependencies): Promise<LoadedConnection> {
  const found =
    intake.directory.peek(call.connectionId) ??
    (await intake.directory.find(call.connectionId).catch((cause) => unavailable(cause)));
  if (!found || found.provider !== call.provider) {
    // The work a known connection costs, so that the time of the answer tells nothing either.
    hmac('sha256', call.connectionId, [call.request.url, call.request.body]);
    throw new NotVerifiedBecause(found ? 'wrong_provider' : 'unknown_connection');
  }
  return found;
}

async function verify(
  call: Call,
  connection: LoadedConnection,
  intake: IntakeDependencies,
): Promise<void> {
  const secrets = await intake.secrets
    .active(connection.secretRef)
    .catch((cause) => unavailable(cause));
  const verdict = connection.bound.verify(call.request, secrets);
  if (!verdict.verified) throw new NotVerifiedBecause(verdict.reason);
  if (connection.status === 'inactive') {
    throw new ConnectionDisabled(
      'The connection is disabled. Enable it, or remove the webhook at the provider.',
    );
  }
}

function unavailable(cause: unknown): never {
  throw new VerificationUnavailable(
    'The request cannot be verified at the moment. Send it again.',
    {
      cause,
      retryAfterSeconds: 5,
    },
  );
}

function noteOutcome(
  call: Call,
  connection: LoadedConnection,
  receipt: ReceiptInfo,
  skipped: readonly SkippedItem[],
  acceptance: Acceptance,
  log: RequestLog,
): void {
  for (const item of skipped) {
    log.record(logged(call, connection, receipt, 'skipped', item.reason, skipDetail(item), 200));
  }
  if (acceptance.accepted === 0 && acceptance.duplicates > 0) {
    const detail = `${acceptance.duplicates} events were accepted before`;
    log.record(logged(call, connection, receipt, 'duplicate', 'duplicate', detail, 200));
  }
}

function skipDetail(item: SkippedItem): string {
  return `${item.pointer === '' ? '/' : item.pointer}: ${item.detail}`;
}

function countsAnswer(acceptance: Acceptance, skipped: number): WebhookAnswer {
  const { accepted, duplicates } = acceptance;
  return {
    status: 200,
    contentType: 'application/json',
    body: `{"accepted":${accepted},"duplicates":${duplicates},"skipped":${skipped}}`,
  };
}

interface ReceiptInfo {
  readonly requestId: string;
  readonly receivedAtMs: number;
}

function logged(
  call: Call,
  connection: LoadedConnection | undefined,
  receipt: ReceiptInfo,
  outcome: LoggedRequest['outcome'],
  reason: string,
  detail: string,
  httpStatus: number,
): LoggedRequest {
  return {
    requestId: receipt.requestId,
    receivedAt: new Date(receipt.receivedAtMs).toISOString(),
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

/** 32 hexadecimal digits, as W3C trace ids are. Random UUIDs are the cheapest source of them. */
function newTraceId(): string {
  return randomUUID().replaceAll('-', '');
}
