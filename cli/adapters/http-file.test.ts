import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HttpFileFault, parseHttpFile } from './http-file.ts';

const parse = (text: string) => parseHttpFile(Buffer.from(text, 'latin1'));

describe('a request', () => {
  it.each<[string, string]>([
    ['LF', 'POST /p?q=1 HTTP/1.1\nX-A: 1\n\nbody\n'],
    ['CRLF in the head', 'POST /p?q=1 HTTP/1.1\r\nX-A: 1\r\n\r\nbody\n'],
    ['both', 'POST /p?q=1 HTTP/1.1\nX-A: 1\r\n\nbody\n'],
    ['no version', 'POST /p?q=1\nX-A:1\n\nbody\n'],
    [
      'comments before it',
      '### ledger\n\n# @name a\n  \n// b\nPOST /p?q=1 HTTP/2\nX-A:\t1 \n\nbody\n',
    ],
    ['a byte order mark', '\xef\xbb\xbfPOST /p?q=1 HTTP/1.1\nX-A: 1\n\nbody\n'],
  ])('%s', (_name, text) => {
    const { body, ...head } = parse(text);
    expect(head).toStrictEqual({ method: 'POST', target: '/p?q=1', headers: [['x-a', '1']] });
    expect(body.toString()).toBe('body\n');
  });

  it('by an absolute URL, without headers and body', () => {
    expect(parse('GET https://hooks.example.com/a?b=%20')).toStrictEqual({
      method: 'GET',
      target: 'https://hooks.example.com/a?b=%20',
      headers: [],
      body: Buffer.alloc(0),
    });
  });

  it('keeps headers of one name apart, and empty ones', () => {
    const { headers } = parse('POST / HTTP/1.1\nA: 1\na: 2, 3\nB:\nC: x: y\n\n');
    expect(headers).toStrictEqual([
      ['a', '1'],
      ['a', '2, 3'],
      ['b', ''],
      ['c', 'x: y'],
    ]);
  });

  it('takes the body as it stands there, blank lines and comments too', () => {
    expect(parse('POST /\n\n\r\n# no comment\r\n\r\n').body.toString()).toBe(
      '\r\n# no comment\r\n\r\n',
    );
  });
});

describe('files that hold no request', () => {
  it.each<[string, string, number, string]>([
    ['an empty file', '', 1, 'is not followed by a request'],
    ['comments alone', '# a\n\n// b\n', 1, 'is not followed by a request'],
    ['a body alone', '{"a":1}', 1, 'must be a request line'],
    ['a method in lower case', '# a\npost / HTTP/1.1', 2, 'must be a request line'],
    ['a space in the path', 'POST /a b HTTP/1.1', 1, 'must be a request line'],
    ['a path without a slash', 'POST hooks HTTP/1.1', 1, 'must name a path'],
    ['another protocol', 'POST ftp://a.example/ HTTP/1.1', 1, 'must name a path'],
    ['a URL without a host', 'POST https:///a HTTP/1.1', 1, 'must name a path'],
    ['letters past ASCII in the path', 'POST /z\xf6e HTTP/1.1', 1, 'must name a path'],
    ['a header without a colon', 'POST / HTTP/1.1\nA: 1\nfoo\n\n', 3, 'must be a header'],
    ['a header without a name', 'POST / HTTP/1.1\n: 1\n\n', 2, 'must be a header'],
    ['a space before the colon', 'POST / HTTP/1.1\nA : 1\n\n', 2, 'must be a header'],
    ['a body without a blank line', 'POST / HTTP/1.1\r\nA: 1\r\n{"a":1}', 3, 'must be a header'],
    ['a header that goes on', 'POST / HTTP/1.1\nA: 1\n  2\n\n', 3, 'cannot go on'],
    ['a null byte', 'POST / HTTP/1.1\nA: 1\0\n\n', 2, 'control character'],
    ['a carriage return inside', 'POST / HTTP/1.1\nA: 1\rB: 2\n\n', 2, 'must be a header'],
  ])('%s', (_name, text, line, words) => {
    const fault = faultOf(Buffer.from(text, 'latin1'));
    expect(fault?.line).toBe(line);
    expect(fault?.message).toContain(words);
    expect(fault?.message).toMatch(new RegExp(`^Line ${line} `));
  });
});

function faultOf(bytes: Buffer): HttpFileFault | undefined {
  try {
    parseHttpFile(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof HttpFileFault) return error;
    throw error;
  }
}

describe('for any file', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
  const value = fc.stringMatching(/^(?:[!-~\x80-\xff](?:[ -~\x80-\xff]{0,20}[!-~\x80-\xff])?)?$/);
  const written = fc.record({
    comments: fc.array(fc.stringMatching(/^(?:#|\/\/)[ -~]{0,20}$|^\s?$/), { maxLength: 3 }),
    method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH'),
    target: fc.stringMatching(/^(?:https:\/\/a\.example)?\/[!-~]{0,30}$/),
    headers: fc.array(fc.tuple(name, value), { maxLength: 6 }),
    body: fc.uint8Array({ maxLength: 200 }),
    eol: fc.constantFrom('\n', '\r\n'),
  });

  it('what is written is read again, the body byte by byte', () => {
    fc.assert(
      fc.property(written, ({ comments, method, target, headers, body, eol }) => {
        const lines = [
          ...comments.map((comment) => comment.replaceAll(/[\r\n]/g, '')),
          `${method} ${target} HTTP/1.1`,
          ...headers.map(([one, text]) => `${one}: ${text}`),
        ];
        const head = Buffer.from(`${lines.join(eol)}${eol}${eol}`, 'latin1');
        expect(parseHttpFile(Buffer.concat([head, body]))).toStrictEqual({
          method,
          target,
          headers,
          body: Buffer.from(body),
        });
      }),
    );
  });

  it('what cannot be read is told by its line, without quoting it', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string().map((text) => Buffer.from(`POST / HTTP/1.1\n${text}\n\nbody`)),
    );
    fc.assert(
      fc.property(bytes, (file) => {
        const fault = faultOf(Buffer.from(file));
        if (fault !== undefined) expect(fault.line).toBeGreaterThan(0);
      }),
    );
  });

  it('takes no longer than its length', () => {
    const started = performance.now();
    for (const text of [' '.repeat(1e6), `POST ${' '.repeat(1e6)}`, `POST / ${' '.repeat(1e6)}x`]) {
      faultOf(Buffer.from(text));
    }
    faultOf(Buffer.from(`POST / HTTP/1.1\nA:${' '.repeat(1e6)}x${'\t '.repeat(5e5)}x\n`));
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
