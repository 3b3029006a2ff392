import type { WebhookAnswer } from '#adapters/kit/adapter.ts';
import type { Report } from '#adapters/kit/faults.ts';
import type { FromSchema } from '#adapters/kit/schema-type.ts';

export const statusSchema = {
  type: 'integer',
  enum: [200, 201, 202, 204],
  default: 200,
} as const;

/** No HTML and no XML: an answer is shown by whoever opens the address in a browser. */
export const contentTypeSchema = {
  type: 'string',
  enum: ['text/plain', 'application/json'],
} as const;

export type ContentType = FromSchema<typeof contentTypeSchema>;

/** Fields of an answer that is the same for every request. */
export const fixedAnswerProperties = {
  status: statusSchema,
  contentType: { ...contentTypeSchema, default: 'text/plain' },
  body: { type: 'string', maxLength: 1024, default: '' },
} as const;

interface FixedAnswerDefinition {
  readonly status: number;
  readonly contentType: ContentType;
  readonly body: string;
}

/** The content type as sent. Texts say their encoding, so that nobody guesses another. */
export function sentType(contentType: ContentType): string {
  return contentType === 'text/plain' ? 'text/plain; charset=utf-8' : contentType;
}

/** Compiles an answer of constants. Nothing of a request ever goes into it. */
export function compileFixedAnswer(
  { status, contentType, body }: FixedAnswerDefinition,
  at: string,
  report: Report,
): WebhookAnswer {
  if (status === 204 && body !== '') report(`${at}/body`, 'must be empty: 204 has no body');
  if (contentType === 'application/json' && body !== '' && !isJson(body)) {
    report(`${at}/body`, 'must be JSON, as contentType says');
  }
  return { status, contentType: sentType(contentType), body };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
