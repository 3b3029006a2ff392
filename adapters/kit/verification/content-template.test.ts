import { describe, expect, it } from 'vitest';
import { expandTemplate, parseTemplate } from './content-template.ts';

const values = {
  method: 'POST',
  uri: 'https://x.example/p?q=1',
  path: '/p',
  query: 'q=1',
  body: Buffer.from([0xff, 0x00, 0x7b]),
  timestamp: '{body}',
  id: 'msg',
  header: (name: string) => (name === 'x-a' ? '{secret}' : undefined),
};

function expand(template: string): Buffer | undefined {
  const parts = parseTemplate(template);
  if (typeof parts === 'string') throw new Error(parts);
  return expandTemplate(parts, values, Buffer.from('key'));
}

describe('content template', () => {
  it.each([
    ['{method}{uri}', 'POSThttps://x.example/p?q=1'],
    ['{path}?{query}', '/p?q=1'],
    ['{secret}:{id}', 'key:msg'],
    ['literal only', 'literal only'],
    ['{timestamp}', '{body}'],
    ['{header:X-A}', '{secret}'],
  ])('%s', (template, expected) => {
    expect(expand(template)?.toString()).toBe(expected);
  });

  it('takes the body as raw bytes', () => {
    expect(expand('.{body}.')).toStrictEqual(Buffer.from([0x2e, 0xff, 0x00, 0x7b, 0x2e]));
  });

  it('gives nothing when the request lacks a value', () => {
    expect(expand('{header:X-B}{body}')).toBeUndefined();
  });

  it.each(['{', '}', '{{body}}', '{bod}', '{header:}', '{header:a b}', '{__proto__}', '{}'])(
    'refuses %s',
    (template) => expect(parseTemplate(template)).toBeTypeOf('string'),
  );
});
