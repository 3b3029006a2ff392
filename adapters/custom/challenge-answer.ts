import type { WebhookAnswer } from '#adapters/kit/adapter.ts';
import type { Report } from '#adapters/kit/faults.ts';
import type { Placed } from '#adapters/kit/verification/definitions.ts';
import { type RequestReader, readPlace } from '#adapters/kit/verification/request-reader.ts';
import { keysOf } from '#adapters/kit/verification/secret-key.ts';
import { hmac } from '#adapters/kit/verification/signature.ts';
import { encodeSignature } from '#adapters/kit/verification/signature-value.ts';
import { VerificationUnavailable } from '#schemas/problems.ts';
import type { HmacAnswerDefinition, RespondDefinition } from './challenge-schema.ts';
import { type ContentType, compileFixedAnswer, sentType } from './fixed-answer.ts';

/** What a challenge is answered with. */
export interface Responder {
  /** Whether the request holds a value that can be answered. */
  canAnswer(reader: RequestReader): boolean;
  /** Whether one of the secrets can serve; true where none is needed. */
  hasKey(secrets: readonly string[]): boolean;
  /** @throws VerificationUnavailable when a secret is needed and none is given */
  answer(reader: RequestReader, secrets: readonly string[]): WebhookAnswer;
}

/** Longest value answered, in characters. */
const MAX_VALUE_LENGTH = 1024;
const PRINTABLE = /^[\x20-\x7e]+$/;

/**
 * What a stranger may have put under our secret: tokens, and nothing that a webhook could be. A
 * body of events has a brace or a bracket, a JWT has a point.
 */
const TOKEN = /^[A-Za-z0-9+/=_-]+$/;

/** @param guarded whether the request proves to come from the provider before it is answered */
export function compileResponder(
  definition: RespondDefinition,
  guarded: boolean,
  at: string,
  report: Report,
): Responder {
  if (definition.kind === 'fixed') {
    const fixed = compileFixedAnswer(definition, at, report);
    return { canAnswer: () => true, hasKey: () => true, answer: () => fixed };
  }
  const { value, status, jsonKey } = definition;
  const contentType = definition.contentType ?? (jsonKey ? 'application/json' : 'text/plain');
  if (status === 204) report(`${at}/status`, 'cannot be 204: the answer has a body');
  if (jsonKey !== undefined && contentType !== 'application/json') {
    report(`${at}/contentType`, 'must be application/json where jsonKey is given');
  }
  const allowed = definition.kind === 'hmac' && !guarded ? TOKEN : PRINTABLE;
  const common = {
    canAnswer: (reader: RequestReader) => readValue(value, allowed, reader) !== undefined,
  };
  if (definition.kind === 'echo') {
    return {
      ...common,
      hasKey: () => true,
      answer(reader) {
        const text = readValue(value, allowed, reader) ?? '';
        const body = spell(text, contentType, jsonKey === undefined ? {} : { [jsonKey]: text });
        return { status, contentType: sentType(contentType), body };
      },
    };
  }
  checkKeys(definition, at, report);
  return {
    ...common,
    hasKey: (secrets) => keysOf(definition.secret, secrets).length > 0,
    answer(reader, secrets) {
      const text = readValue(value, allowed, reader) ?? '';
      const computed = compute(definition, text, secrets);
      const members = {
        ...(definition.echoKey !== undefined && { [definition.echoKey]: text }),
        ...(jsonKey !== undefined && { [jsonKey]: computed }),
      };
      const body = spell(computed, contentType, members);
      return { status, contentType: sentType(contentType), body };
    },
  };
}

function checkKeys({ jsonKey, echoKey }: HmacAnswerDefinition, at: string, report: Report): void {
  if (echoKey === undefined) return;
  if (jsonKey === undefined) report(`${at}/echoKey`, 'needs jsonKey beside it');
  if (jsonKey === echoKey) report(`${at}/echoKey`, 'must be another name than jsonKey');
}

function readValue(
  { from, name }: Placed,
  allowed: RegExp,
  reader: RequestReader,
): string | undefined {
  const text = readPlace(reader, from, name);
  if (text === undefined || text.length > MAX_VALUE_LENGTH) return undefined;
  return allowed.test(text) ? text : undefined;
}

/** The newest secret decides: an answer is one, and the provider was told of it last. */
function compute(
  { secret, algorithm, encoding, prefix }: HmacAnswerDefinition,
  text: string,
  secrets: readonly string[],
): string {
  const [key] = keysOf(secret, secrets);
  if (key === undefined) {
    throw new VerificationUnavailable('The answer needs the secret of the connection.');
  }
  return prefix + encodeSignature(hmac(algorithm, key, [text]), encoding);
}

/** As JSON it is an object of the members, or the text alone where there are none. */
function spell(
  text: string,
  contentType: ContentType,
  members: Readonly<Record<string, string>>,
): string {
  if (contentType === 'text/plain') return text;
  return JSON.stringify(Object.keys(members).length === 0 ? text : members);
}
