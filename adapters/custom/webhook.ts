import type { WebhookRequest, WebhookResult } from '#adapters/kit/adapter.ts';
import type { Report } from '#adapters/kit/faults.ts';
import { readRequest } from '#adapters/kit/verification/request-reader.ts';
import { MethodNotAllowed } from '#schemas/problems.ts';
import type { Challenges } from './challenge.ts';
import type { Definition } from './definition-schema.ts';
import type { Extractor } from './extract.ts';
import { compileFixedAnswer } from './fixed-answer.ts';

/**
 * Turns a verified request into drafts, or into the answer of a handshake.
 *
 * @param secrets all active ones, newest first; a handshake whose answer is an HMAC needs them
 * @throws MethodNotAllowed, InvalidJson, InvalidBody or ContentTypeNotSupported when nothing of the
 *   request can be used
 */
export type Webhook = (request: WebhookRequest, secrets?: readonly string[]) => WebhookResult;

/** Compiles `allowedMethods` and `ack` around the extraction. */
export function compileWebhook(
  { allowedMethods, ack, samples }: Definition,
  challenges: Challenges,
  extract: Extractor,
  report: Report,
): Webhook {
  const methods: readonly string[] = allowedMethods;
  for (const [index, { method }] of samples.entries()) {
    if (methods.includes(method)) continue;
    report(`/definition/samples/${index}/method`, 'is not one of allowedMethods');
  }
  const answer = ack === undefined ? undefined : compileFixedAnswer(ack, '/definition/ack', report);
  return (request, secrets = []) => {
    const reader = readRequest(request);
    const challenge = challenges.find(reader);
    if (challenge !== undefined) {
      return { drafts: [], skipped: [], answer: challenge.answer(reader, secrets) };
    }
    if (!methods.includes(request.method)) {
      throw new MethodNotAllowed(`Events of this connection come by ${methods.join(', ')}.`);
    }
    const result = extract(reader);
    return answer === undefined ? result : { ...result, answer };
  };
}
