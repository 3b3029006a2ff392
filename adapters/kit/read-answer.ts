import type { z } from 'zod';
import { parseExact } from '#schemas/json.ts';
import { ProviderRefused } from '#schemas/problems.ts';
import { errorCode } from './judge-answer.ts';
import type { ProviderResponse } from './provider-api.ts';

/** Longest answer that is parsed, in characters. */
const MAX_LENGTH = 4 * 1024 * 1024;

/**
 * Reads an answer of 200 as JSON, with the exact text of every number that a double cannot hold.
 *
 * @param title of the provider, for the message
 * @throws ProviderRefused when it is another status, not JSON, too long, or of another shape. The message
 *   holds nothing of the body but an error code
 */
export function readAnswer<Value>(
  title: string,
  response: ProviderResponse,
  schema: z.ZodType<Value>,
): Value {
  if (response.status !== 200) throw refusedAnswer(title, response);
  const parsed = schema.safeParse(exactJson(response));
  if (parsed.success) return parsed.data;
  throw new ProviderRefused(
    `${title} answered, but not in the form it documents. Check that the address is the one of its API.`,
  );
}

/** The problem of an answer that says no to the request itself. */
export function refusedAnswer(title: string, response: ProviderResponse): ProviderRefused {
  const code = errorCode(response);
  return new ProviderRefused(
    `${title} refused the request: it answered ${response.status}${code === undefined ? '' : ` (${code})`}.`,
  );
}

/** The body as JSON with exact numbers; undefined, which no schema takes, when it is none or too long. */
export function exactJson({ text }: ProviderResponse): unknown {
  if (text.length > MAX_LENGTH) return undefined;
  try {
    return parseExact(text);
  } catch {
    return undefined;
  }
}
