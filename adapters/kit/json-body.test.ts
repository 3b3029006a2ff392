import { describe, expect, it } from 'vitest';
import { ContentTypeNotSupported, InvalidJson } from '#schemas/problems.ts';
import { assertJsonType, mediaType, parseJsonBody } from './json-body.ts';

const request = (type: string | string[] | undefined) => ({
  method: 'POST',
  url: 'https://hooks.example.com/',
  headers: { 'content-type': type },
  body: Buffer.alloc(0),
  receivedAtMs: 0,
});

describe('assertJsonType', () => {
  it.each([
    undefined,
    '',
    'application/json',
    'Application/JSON; charset=utf-8',
    'application/vnd.provider.event+json',
    'text/plain',
    'application/octet-stream',
    // Sent twice it says nothing.
    ['text/xml', 'application/json'] as string[],
  ])('takes %j', (type) => {
    expect(() => assertJsonType(request(type))).not.toThrow();
  });

  it.each([
    'text/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=application/json',
    'application/jsonp',
    'json',
  ])('refuses %j', (type) => {
    expect(() => assertJsonType(request(type))).toThrow(ContentTypeNotSupported);
  });
});

it('mediaType is in lower case and without parameters', () => {
  expect(mediaType(request('Text/XML ; charset="utf-8"'))).toBe('text/xml');
});

describe('parseJsonBody', () => {
  it('keeps the exact text of numbers', () => {
    expect(parseJsonBody(Buffer.from('{"a":12.50,"b":9007199254740993,"c":7}'))).toEqual({
      a: '12.50',
      b: '9007199254740993',
      c: 7,
    });
  });

  it.each([
    ['nothing', ''],
    ['half a document', '{"a":'],
    ['bytes that are not UTF-8', Buffer.from('{"a":"\xff"}', 'latin1')],
    ['deep nesting', '['.repeat(1_000_000)],
  ])('refuses %s', (_name, body) => {
    expect(() => parseJsonBody(Buffer.from(body as string))).toThrow(InvalidJson);
  });
});
