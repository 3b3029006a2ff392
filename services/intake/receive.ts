import { randomUUID } from 'node:crypto';
import type { WebhookAnswer, WebhookRequest, WebhookResult } from '#adapters/kit/adapter.ts';
import { hmac } from '#adapters/kit/verification/signature.ts';
import type { Problem } from '#schemas/problem.ts';
import {
  ConnectionDisabled,
  EncodingNotSupported,
  RateLimited,
  VerificationUnavailable,
} from '#schemas/problems.ts';
import type { LoadedConnection } from '../connections/connection.ts';
import type { ConnectionDirectory } from '../connections/directory.ts';
import type { SecretCache } from '../connections/secret-cache.ts';
import type { AcceptanceCounts } from '../ledger/acceptance-counts.ts';
import type { Accept, Acceptance } from '../outbox/accept.ts';
import type { ReceiptClock } from '../outbox/receipt-clock.ts';
import type { RateLimiter } from '../rate-limiter.ts';
import { buildEvents } from './build-events.ts';
import type { Call } from './call.ts';
import { recordOutcome, recordRefusal } from './record.ts';
import { asRefusal, NotVerifiedBecause } from './refusal.ts';
import type { RequestLog } from './request-log.ts';

export interface IntakeDependencies {
  readonly accept: Accept;
  readonly clock: ReceiptClock;
  readonly counts: Pick<AcceptanceCounts, 'add'>;
  readonly directory: ConnectionDirectory;
  readonly secrets: SecretCache;
  readonly limiter: RateLimiter;
  readonly log: RequestLog;
}

/** What is sent back. */
export interface Received {
  readonly answer: WebhookAnswer;
  /** Why the request was not accepted, where the provider expects a form of its own even then. */
  readonly problem?: Problem;
}

/**
 * The webhook path: limit, find the connection, verify raw bytes, transform, accept, answer.
 *
 * @returns the answer the provider expects, once the events are durable
 * @throws Problem for everything else; each is in the request log with its true reason
 */
export async function receive(call: Call, intake: IntakeDependencies): Promise<Received> {
  const requestId = newTraceId();
  let connection: LoadedConnection | undefined;
  let verified = false;
  try {
    limit(call, intake);
    assertPlainEncoding(call.request);
    connection = await findConnection(call, intake);
    const secrets = await verify(call, connection, intake);
    verified = true;
    assertEnabled(connection);
    const verifiedCall = { request: call.request, connection, secrets, requestId };
    const { accepting, receivedAtMs, skipped, answer } = transform(verifiedCall, intake);
    const acceptance = await accepting;
    intake.counts.add('requests_accepted', connection.tenantId, receivedAtMs, 1);
    recordOutcome(intake.log, { call, connection, requestId }, skipped, acceptance);
    return { answer: answer ?? countsAnswer(acceptance, skipped.length) };
  } catch (error) {
    const refusal = asRefusal(error);
    const { problem } = refusal;
    recordRefusal(intake.log, { call, connection, requestId }, refusal);
    // Only to who proved to be the provider: the form of an answer would tell others what is here.
    const answer = verified ? connection?.bound.refusal?.(call.request, problem) : undefined;
    if (answer) return { answer, problem };
    throw problem;
  }
}

/** What is left to wait for. Holds no event: they are garbage once they are on their way. */
interface Transformed extends Omit<WebhookResult, 'drafts'> {
  readonly accepting: Promise<Acceptance>;
  readonly receivedAtMs: number;
}

interface VerifiedCall {
  readonly request: WebhookRequest;
  readonly connection: LoadedConnection;
  readonly secrets: readonly string[];
  readonly requestId: string;
}

function transform(
  { request, connection, secrets, requestId }: VerifiedCall,
  intake: IntakeDependencies,
): Transformed {
  const { drafts, ...rest } = connection.bound.webhook(request, secrets);
  // Taken here and not when the request came: between this and the start of the publish nothing
  // waits, so the relay's watermark never passes an event that is still on its way.
  const receivedAtMs = intake.clock.nowMs();
  const events = buildEvents(drafts, connection, {
    traceId: requestId,
    receivedAtMs,
    source: 'webhook',
  });
  return { ...rest, accepting: intake.accept(events), receivedAtMs };
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

/** @returns the secrets that are active now */
async function verify(
  call: Call,
  connection: LoadedConnection,
  intake: IntakeDependencies,
): Promise<readonly string[]> {
  const secrets = await intake.secrets
    .active(connection.secretRef)
    .catch((cause) => unavailable(cause));
  const verdict = connection.bound.verify(call.request, secrets);
  if (!verdict.verified) throw new NotVerifiedBecause(verdict.reason);
  return secrets;
}

function assertEnabled({ status }: LoadedConnection): void {
  if (status !== 'inactive') return;
  throw new ConnectionDisabled(
    'The connection is disabled. Enable it, or remove the webhook at the provider.',
  );
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

function countsAnswer(acceptance: Acceptance, skipped: number): WebhookAnswer {
  const { accepted, duplicates } = acceptance;
  return {
    status: 200,
    contentType: 'application/json',
    body: `{"accepted":${accepted},"duplicates":${duplicates},"skipped":${skipped}}`,
  };
}

/** 32 hexadecimal digits, as W3C trace ids are. Random UUIDs are the cheapest source of them. */
function newTraceId(): string {
  return randomUUID().replaceAll('-', '');
}
