import { describe, expect, it } from 'vitest';
import { type AnswerKind, kindOf, retryAfterSeconds } from './read-answer.ts';

const answers: readonly {
  status: number;
  headers?: Record<string, string>;
  text?: string;
  kind: AnswerKind;
}[] = [
  { status: 200, kind: 'returned' },
  { status: 204, kind: 'returned' },
  { status: 302, kind: 'redirected' },
  { status: 400, text: '{"error":"invalid_token"}', kind: 'returned' },
  { status: 401, kind: 'token_refused' },
  { status: 403, text: '{"category":"MISSING_SCOPES"}', kind: 'returned' },
  { status: 403, text: '{"error":"insufficient_scope"}', kind: 'returned' },
  { status: 403, text: 'Bad_OAuth_Token', kind: 'token_refused' },
  { status: 403, text: '{"error":"token_revoked"}', kind: 'token_refused' },
  {
    status: 403,
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    kind: 'token_refused',
  },
  { status: 404, kind: 'returned' },
  { status: 429, kind: 'unavailable' },
  { status: 500, kind: 'unavailable' },
  { status: 503, kind: 'unavailable' },
];

describe('what an answer means', () => {
  it.each(answers)('$status $text → $kind', ({ status, headers = {}, text = '', kind }) => {
    expect(kindOf({ status, headers, text })).toBe(kind);
  });
});

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
const waits: readonly { text: string | undefined; seconds: number | undefined }[] = [
  { text: undefined, seconds: undefined },
  { text: '7', seconds: 7 },
  { text: '0', seconds: 1 },
  { text: '86400', seconds: 3_600 },
  { text: 'Sun, 01 Mar 2026 12:00:30 GMT', seconds: 30 },
  { text: 'Sun, 01 Mar 2026 11:00:00 GMT', seconds: 1 },
  { text: 'soon', seconds: undefined },
  { text: '-5', seconds: 1 },
];

describe('Retry-After', () => {
  it.each(waits)('$text → $seconds', ({ text, seconds }) => {
    const headers = text === undefined ? {} : { 'retry-after': text };
    expect(retryAfterSeconds(headers as Record<string, string>, NOW_MS)).toBe(seconds);
  });
});
