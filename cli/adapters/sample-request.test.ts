import { describe, expect, it } from 'vitest';
import { parseHttpFile } from './http-file.ts';
import { notesOn, toWebhookRequest } from './sample-request.ts';

const file = (text: string) => parseHttpFile(Buffer.from(text));
const receivedAtMs = 1_700_000_000_000;

describe('the URL', () => {
  const withHost = 'POST /a?b=%3A HTTP/1.1\nHost: shop.example:8443\n\n';
  it.each<[string, string | undefined, string]>([
    [withHost, undefined, 'https://shop.example:8443/a?b=%3A'],
    ['POST /a HTTP/1.1\n\n', undefined, 'https://hooks.example.com/a'],
    ['POST http://127.0.0.1:8080/a?b HTTP/1.1\n\n', undefined, 'http://127.0.0.1:8080/a?b'],
    ['POST https://a.example HTTP/1.1\n\n', undefined, 'https://a.example'],
    [withHost, 'https://public.example', 'https://public.example/a?b=%3A'],
    [withHost, 'https://public.example/', 'https://public.example/a?b=%3A'],
    [withHost, 'https://public.example/c?d=%2f', 'https://public.example/c?d=%2f'],
    [
      'POST http://127.0.0.1/a?b HTTP/1.1\n\n',
      'https://public.example',
      'https://public.example/a?b',
    ],
  ])('%j and %s', (text, url, expected) => {
    const request = toWebhookRequest(file(text), {
      receivedAtMs,
      ...(url !== undefined && { url }),
    });
    expect(request.url).toBe(expected);
  });
});

it('headers of one name are a list, a header alone a text', () => {
  const { headers } = toWebhookRequest(file('POST / HTTP/1.1\nA: 1\nB: 2\nA: 3\na: 4\n\n'), {
    receivedAtMs,
  });
  expect(headers).toStrictEqual({ a: ['1', '3', '4'], b: '2' });
});

it('a header cannot reach a prototype', () => {
  const { headers } = toWebhookRequest(file('POST / HTTP/1.1\n__proto__: 1\n\n'), { receivedAtMs });
  expect(Object.keys(headers)).toStrictEqual(['__proto__']);
});

describe('notes', () => {
  it.each<[string, string, string[]]>([
    ['a length that is right', 'Content-Length: 4\n\nbody', []],
    ['no length', 'A: 1\n\nbody', []],
    [
      'a line break too many',
      'Content-Length: 4\n\nbody\n',
      [
        'Content-Length says 4 bytes, and the file holds 5 after the blank line. Editors add a line break at the end: take it away.',
      ],
    ],
    [
      'bytes that are missing',
      'Content-Length: 9\n\nbody',
      ['Content-Length says 9 bytes, and the file holds 4 after the blank line.'],
    ],
  ])('%s', (_name, rest, notes) => {
    expect(notesOn(file(`POST / HTTP/1.1\n${rest}`))).toStrictEqual(notes);
  });
});
