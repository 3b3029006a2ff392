import { hash } from 'node:crypto';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { invalidItem, type Refusal } from '#adapters/kit/batch.ts';
import { isObject } from '#adapters/kit/json-body.ts';
import { readRequest } from '#adapters/kit/verification/request-reader.ts';
import { eventNamed, type ZenotiEvent } from './definition.ts';
import type { Fields } from './fields.ts';
import { inferEvent } from './infer-type.ts';
import { utcMs } from './times.ts';
import { hasPathSecret } from './verify.ts';

/** A body, understood as far as its envelope goes. */
export interface Message {
  readonly event: ZenotiEvent;
  readonly data: Fields;
  /** JSON Pointer of `data` in the body. */
  readonly at: string;
  /** The body; where it came without envelope or type, an envelope of `event_type` and `data`. */
  readonly payload: Fields;
  /** When it happened, as the envelope says, in milliseconds; undefined when it does not say. */
  readonly eventMs: number | undefined;
  readonly receivedAtMs: number;
  /** Tells one event from another of the same type and entity; the same in every retry. */
  readonly identity: string;
}

const MAX_ID_LENGTH = 256;

/**
 * Reads the envelope, or recognises a body without one. Source: Zenoti developer documentation,
 * "Structure of event responses", and the samples there that show `data` alone.
 *
 * @param body the parsed body
 */
export function readMessage(request: WebhookRequest, body: Fields): Message | Refusal {
  const isTyped = typeof body.event_type === 'string';
  const hasData = isObject(body.data);
  if (isTyped && !hasData) return invalidItem('data must be an object');
  const data = isObject(body.data) ? body.data : body;
  // A type that is stated decides, even where it is not understood.
  const event = isTyped
    ? eventNamed(body.event_type)
    : (inferEvent(data) ?? eventNamed(urlEvent(request)));
  if (event === undefined) return unknownType(body.event_type);
  const envelope = hasData ? body : { data };
  return {
    event,
    data,
    at: hasData ? '/data' : '',
    payload: isTyped ? body : { ...envelope, event_type: event.name },
    eventMs: hasData ? utcMs(body.event_timestamp) : undefined,
    receivedAtMs: request.receivedAtMs,
    identity: hasData ? identityOf(body, request.body) : bodyHash(request.body),
  };
}

export function isMessage(read: Message | Refusal): read is Message {
  return 'event' in read;
}

/**
 * The event of a webhook whose URL names it, `?event=Guest.Membership.Unfreeze`. No signature covers
 * the URL, so that it counts only behind the secret segment, which a forger does not know.
 */
function urlEvent(request: WebhookRequest): string | undefined {
  return hasPathSecret(request.url) ? readRequest(request).query('event') : undefined;
}

/** Free text goes behind a mark of its kind: no two identities are spelled alike. */
function identityOf(envelope: Fields, body: Buffer): string {
  const eventId = idText(envelope.event_id);
  if (eventId !== undefined) return `event|${eventId}`;
  const callId = idText(envelope.id);
  return callId === undefined ? bodyHash(body) : `call|${callId}`;
}

function bodyHash(body: Buffer): string {
  return `body|${hash('sha256', body, 'hex')}`;
}

function idText(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || text === '' || text.length > MAX_ID_LENGTH) return undefined;
  return text;
}

function unknownType(type: unknown): Refusal {
  const reason = 'unknown_type';
  if (typeof type !== 'string') {
    return { reason, detail: 'The body states no event_type, and no field tells which it is.' };
  }
  const quoted = /^[\w.]{1,64}$/.test(type) ? `"${type}"` : 'this event_type';
  return { reason, detail: `There is no mapping for ${quoted}.` };
}
