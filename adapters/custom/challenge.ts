import type { Verdict, WebhookAnswer } from '#adapters/kit/adapter.ts';
import type { Report } from '#adapters/kit/faults.ts';
import { parsePointer } from '#adapters/kit/json-pointer.ts';
import type { Placed } from '#adapters/kit/verification/definitions.ts';
import { type RequestReader, readPlace } from '#adapters/kit/verification/request-reader.ts';
import {
  MAX_SIGNATURE_LENGTH,
  refused,
  sameText,
  VERIFIED,
} from '#adapters/kit/verification/signature.ts';
import type { Verifier } from '#adapters/kit/verification/verifier.ts';
import { compileResponder } from './challenge-answer.ts';
import type { ChallengeDefinition, ConditionDefinition } from './challenge-schema.ts';
import type { Definition } from './definition-schema.ts';

/** A handshake of the provider, which makes no event. */
export interface Challenge {
  /** Place in the definition's list. */
  readonly index: number;
  /**
   * What keeps the request from being this handshake, as a pointer into its definition: method,
   * condition, or a value that cannot be answered. Undefined when it is one.
   */
  unmatched(reader: RequestReader): string | undefined;
  verify(reader: RequestReader, secrets: readonly string[]): Verdict;
  /** @throws VerificationUnavailable when a secret is needed and none is given */
  answer(reader: RequestReader, secrets: readonly string[]): WebhookAnswer;
}

export interface Challenges {
  readonly all: readonly Challenge[];
  /** The handshake a request is, if it is one. The first that matches decides. */
  find(reader: RequestReader): Challenge | undefined;
}

/** Compiles `challenge`. What would answer strangers more than it should is reported. */
export function compileChallenges(
  definition: Definition,
  verifier: Verifier,
  report: Report,
): Challenges {
  const challenges = definition.challenge.map((challenge, index) => {
    const at = `/definition/challenge/${index}`;
    checkMatch(challenge, at, report);
    checkOracle(definition, challenge, at, report);
    return compileChallenge(challenge, index, verifier, report);
  });
  return {
    all: challenges,
    find: (reader) => challenges.find((challenge) => challenge.unmatched(reader) === undefined),
  };
}

function compileChallenge(
  { match, token, signed, respond }: ChallengeDefinition,
  index: number,
  verifier: Verifier,
  report: Report,
): Challenge {
  const at = `/definition/challenge/${index}/respond`;
  const responder = compileResponder(respond, signed || token !== undefined, at, report);
  const conditions = match.where.map((condition, place) => {
    return { condition, pointer: `/match/where/${place}` };
  });
  return {
    index,
    unmatched(reader) {
      if (reader.request.method !== match.method) return '/match/method';
      const failed = conditions.find(({ condition }) => !holds(condition, reader));
      if (failed !== undefined) return failed.pointer;
      return responder.canAnswer(reader) ? undefined : '/respond/value';
    },
    verify(reader, secrets) {
      const verdict = token === undefined ? VERIFIED : tokenVerdict(token, reader, secrets);
      if (!verdict.verified) return verdict;
      if (!responder.hasKey(secrets)) return refused('secret_missing');
      return signed ? verifier.verify(reader, secrets) : VERIFIED;
    },
    answer: responder.answer,
  };
}

function holds({ from, name, equals }: ConditionDefinition, reader: RequestReader): boolean {
  const text = readPlace(reader, from, name);
  return text !== undefined && (equals === undefined || text === equals);
}

/** Every secret is compared, so that the time does not tell which one it was. */
function tokenVerdict(
  { from, name }: Placed,
  reader: RequestReader,
  secrets: readonly string[],
): Verdict {
  const sent = readPlace(reader, from, name);
  if (sent === undefined) return refused('signature_missing');
  if (sent.length > MAX_SIGNATURE_LENGTH) return refused('signature_malformed');
  const usable = secrets.filter((secret) => secret !== '');
  if (usable.length === 0) return refused('secret_missing');
  const matches = usable.map((secret) => sameText(sent, secret));
  return matches.includes(true) ? VERIFIED : refused('signature_mismatch');
}

function checkMatch(
  { match, token, respond }: ChallengeDefinition,
  at: string,
  report: Report,
): void {
  if (match.method !== 'GET' && match.where.length === 0) {
    report(`${at}/match/where`, 'must hold a condition: else every event is taken for a handshake');
  }
  for (const [index, condition] of match.where.entries()) {
    checkPlaced(condition, `${at}/match/where/${index}`, report);
  }
  if (token !== undefined) checkPlaced(token, `${at}/token`, report);
  if (respond.kind !== 'fixed') checkPlaced(respond.value, `${at}/respond/value`, report);
}

function checkPlaced({ from, name }: Placed, at: string, report: Report): void {
  if (from === 'body-pointer' && parsePointer(name) === undefined) {
    report(`${at}/name`, 'must be a JSON Pointer such as /data/id (RFC 6901)');
  }
}

/**
 * An HMAC for whoever asks is a way to have anything signed. Tokens alone are answered to strangers
 * (challenge-answer.ts), which helps nobody unless a token is all that a webhook signs, or is a
 * whole body.
 */
function checkOracle(
  { verification, extract }: Definition,
  { respond, signed, token }: ChallengeDefinition,
  at: string,
  report: Report,
): void {
  if (respond.kind !== 'hmac' || signed || token !== undefined) return;
  const bodyUnsigned = verification.some(
    (scheme) => 'bodyUnsigned' in scheme && scheme.bodyUnsigned,
  );
  if (bodyUnsigned || extract.format === 'form') {
    report(
      `${at}/signed`,
      'must be true, or token be given: the answer to a stranger could serve as the signature of a form, or of content without {body}',
    );
  }
}
