import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import {
  BODY,
  by,
  hex,
  hmac,
  type Json,
  mac,
  request,
  run,
  SECRET,
  signature,
  T,
  timed,
  URL,
} from './check.test-support.ts';

// Real: the schemes, and what is said of each refusal. The clock is the request's.

const wrong = { 'x-sig': hex('something else') };
const cases: readonly [
  name: string,
  scheme: Json,
  sent: WebhookRequest,
  reason: string,
  words: string,
  secrets?: readonly string[],
][] = [
  [
    'no signature',
    hmac,
    request({ 'x-signature-256': 'ab', host: 'a' }),
    'signature_missing',
    'There is no header X-Sig. The request has x-signature-256.',
  ],
  [
    'no header at all',
    hmac,
    request({ host: 'a' }),
    'signature_missing',
    'no other than the usual ones',
  ],
  [
    'the signature twice',
    hmac,
    request({ 'x-sig': ['a', 'b'] }),
    'signature_missing',
    'stands there 2 times',
  ],
  [
    'no parameter',
    { ...hmac, signature: { from: 'query', name: 'sig' } },
    request({}, { url: `${URL}?s=1` }),
    'signature_missing',
    'There is no parameter sig. The URL has s.',
  ],
  [
    'no place in the body',
    {
      ...hmac,
      content: '{path}',
      bodyUnsigned: true,
      signature: { from: 'body-pointer', name: '/sig' },
    },
    request({}),
    'signature_missing',
    'no text or number at /sig',
  ],
  [
    'base64 where hex is due',
    hmac,
    request({ 'x-sig': mac(BODY).toString('base64') }),
    'signature_malformed',
    'The 44 characters of the signature are not hex. It could be base64.',
  ],
  [
    'no prefix',
    { ...hmac, signature: { ...signature, parse: 'prefix', prefix: 'sha256=' } },
    request({ 'x-sig': hex(BODY) }),
    'signature_malformed',
    'does not begin with "sha256="',
  ],
  [
    'another key of the list',
    { ...hmac, signature: { ...signature, parse: 'kv-list', key: 'v1' } },
    request({ 'x-sig': 't=1,v0=ab' }),
    'signature_malformed',
    'The list has no v1=…; between "," its keys are "t", "v0".',
  ],
  [
    'another version',
    { ...hmac, signature: { ...signature, parse: 'space-list', key: 'v1' } },
    request({ 'x-sig': 'v1a,ab v2,cd' }),
    'signature_malformed',
    'its versions are "v1a", "v2"',
  ],
  [
    'a header that content names',
    { ...hmac, content: '{header:X-Id}{body}' },
    request({ 'x-sig': hex(BODY) }),
    'signature_malformed',
    'the request has no header x-id',
  ],
  [
    'no id',
    { ...hmac, content: '{id}{body}', id: { from: 'header', name: 'X-Id' } },
    request({ 'x-sig': hex(BODY) }),
    'signature_malformed',
    'the request has no header X-Id',
  ],
  [
    'no secret',
    hmac,
    request({ 'x-sig': hex(BODY) }),
    'secret_missing',
    'No secret was given.',
    [],
  ],
  [
    'a secret of another encoding',
    { ...hmac, secret: { encoding: 'hex' } },
    request({ 'x-sig': hex(BODY) }),
    'secret_missing',
    'it is not hex, as secret.encoding says',
  ],
  [
    'another secret',
    hmac,
    request(wrong),
    'signature_mismatch',
    'of another secret or of other content. The secret is a key of 27 bytes.',
  ],
  [
    'sha1 bytes',
    hmac,
    request({ 'x-sig': hex('other', 'sha1') }),
    'signature_mismatch',
    'The signature has 20 bytes, as sha1 does; sha256 gives 32.',
  ],
  [
    'sha1',
    hmac,
    request({ 'x-sig': hex(BODY, 'sha1') }),
    'signature_mismatch',
    'It would match if algorithm were sha1.',
  ],
  [
    'a line break at the end',
    hmac,
    request({ 'x-sig': hex(BODY) }, { body: Buffer.from(`${BODY}\r\n`) }),
    'signature_mismatch',
    'no line break at its end',
  ],
  [
    'a line break taken away',
    hmac,
    request({ 'x-sig': hex(`${BODY}\n`) }),
    'signature_mismatch',
    'a line break at its end',
  ],
  [
    'line breaks of another system',
    hmac,
    request({ 'x-sig': hex('{\n}') }, { body: Buffer.from('{\r\n}') }),
    'signature_mismatch',
    'ended with LF, not CRLF',
  ],
  [
    'other content',
    timed,
    request({ 'x-sig': hex(BODY), 'x-time': `${T}` }),
    'signature_mismatch',
    'It would match if content were "{body}".',
  ],
  [
    'a secret that is base64',
    hmac,
    request({ 'x-sig': hex(BODY, 'sha256', Buffer.from('c2VjcmV0', 'base64')) }),
    'signature_mismatch',
    'secret were {"encoding":"base64","prefix":""}',
    ['c2VjcmV0'],
  ],
  [
    'a secret with a space behind',
    hmac,
    request({ 'x-sig': hex(BODY) }),
    'signature_mismatch',
    'no spaces around it',
    [`${SECRET} `],
  ],
  [
    'a recording',
    timed,
    request({ 'x-sig': hex(`${T}.${BODY}`), 'x-time': `${T}` }, { receivedAtMs: (T + 301) * 1000 }),
    'timestamp_stale',
    'The timestamp is 5 minutes before the time of receipt. If the request was recorded, give the time of its receipt: --at 2023-11-14T22:13:20.000Z',
  ],
  [
    'a clock ahead',
    timed,
    request({ 'x-sig': 'ab', 'x-time': `${T + 61}` }),
    'timestamp_in_future',
    'The timestamp is 61 s after the time of receipt.',
  ],
  [
    'milliseconds',
    timed,
    request({ 'x-sig': 'ab', 'x-time': `${T}000` }),
    'timestamp_malformed',
    '"1700000000000" is no time of unit s. It could be of unit ms.',
  ],
  [
    'seconds',
    { ...timed, timestamp: { ...timed.timestamp, unit: 'ms' } },
    request({ 'x-sig': 'ab', 'x-time': `${T}` }),
    'timestamp_stale',
    'is unit s?',
  ],
  [
    'no timestamp',
    timed,
    request({ 'x-sig': 'ab' }),
    'timestamp_missing',
    'There is no header X-Time.',
  ],
  [
    'no key of the timestamp',
    { ...timed, timestamp: { ...timed.timestamp, key: 't' } },
    request({ 'x-sig': 'ab', 'x-time': 'x=1' }),
    'timestamp_missing',
    'holds no single t=…',
  ],
  [
    'another token',
    { scheme: 'static-token', token: { from: 'header', name: 'X-Key' } },
    request({ 'x-key': 'guess' }),
    'signature_mismatch',
    'The token is another than the secret.',
  ],
  [
    'no token behind its prefix',
    { scheme: 'static-token', token: { from: 'header', name: 'X-Key', prefix: 'Bearer ' } },
    request({ 'x-key': 'Basic a' }),
    'signature_malformed',
    'holds no token after "Bearer "',
  ],
  [
    'another user',
    { scheme: 'basic', username: 'shop' },
    request({ authorization: 'Basic eDp5' }),
    'signature_mismatch',
    'due are "shop" and the secret',
  ],
  [
    'a JWT of another algorithm',
    { scheme: 'jwt', algorithm: 'HS256' },
    request({ authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.ab' }),
    'signature_malformed',
    'a token of three parts',
  ],
  [
    'a JWT without a point',
    { scheme: 'jwt', algorithm: 'HS256' },
    request({ authorization: 'Bearer abc' }),
    'signature_malformed',
    'three parts',
  ],
  [
    'a JWT that expired',
    { scheme: 'jwt', algorithm: 'HS256' },
    request({ authorization: `Bearer ${jwt({ exp: T - 3600 })}` }),
    'timestamp_stale',
    'expired 60 minutes before the receipt',
  ],
  [
    'a JWT that expired before there were dates',
    { scheme: 'jwt', algorithm: 'HS256' },
    request({ authorization: `Bearer ${jwt({ exp: -1e300 })}` }),
    'timestamp_stale',
    '--at',
  ],
  [
    'a JWT without an end',
    { scheme: 'jwt', algorithm: 'HS256' },
    request({ authorization: `Bearer ${jwt({})}` }),
    'timestamp_missing',
    'no exp',
  ],
  [
    'a JWT of another issuer',
    { scheme: 'jwt', algorithm: 'HS256', issuer: 'a' },
    request({ authorization: `Bearer ${jwt({ exp: T + 60, iss: 'b' })}` }),
    'signature_mismatch',
    'Issuer is "b"',
  ],
  [
    'a secret that is no public key',
    { scheme: 'public-key', algorithm: 'ed25519', signature },
    request({ 'x-sig': 'ab' }),
    'secret_missing',
    'a public key in PEM for ed25519',
  ],
];

function jwt(claims: Json): string {
  const content = [{ alg: 'HS256' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${content}.${mac(content).toString('base64url')}`;
}

describe('why a request is refused', () => {
  it.each(cases)('%s', (_name, scheme, sent, reason, words, secrets = [SECRET]) => {
    const { report, text } = run(by(scheme), sent, secrets);
    expect(report.ok).toBe(false);
    expect(report.checked?.verification).toMatchObject({ verified: false, reason });
    expect(text).toContain(words);
    expect(text).toContain(', if it were verified');
    for (const secret of secrets) expect(text).not.toContain(secret);
  });
});

it('neither secret nor computed signature is in a report, wherever the secret was sent', () => {
  const secret = fc.stringMatching(/^[ -~]{8,40}$/).filter((text) => text.trim() === text);
  const schemes: readonly Json[] = [
    hmac,
    { ...hmac, content: '{header:X-Other}{query}{body}' },
    { ...hmac, scheme: 'digest', content: '{secret}{body}' },
    { scheme: 'basic', username: 'shop' },
    { scheme: 'static-token', token: { from: 'header', name: 'X-Other' } },
  ];
  fc.assert(
    fc.property(secret, fc.constantFrom(...schemes), fc.nat(300), (text, scheme, padding) => {
      const url = `${URL}?pad=${'x'.repeat(padding)}&token=${encodeURIComponent(text)}`;
      const basic = Buffer.from(`shop:${text}`).toString('base64');
      const body = JSON.stringify({ type: 'a.b', id: 1, [text]: { text } });
      const headers = { 'x-sig': hex('other'), 'x-other': text, authorization: `Basic ${basic}` };
      const { report, text: shown } = run(
        by(scheme),
        request(headers, { url, body: Buffer.from(body) }),
        [text],
      );
      for (const output of [shown, JSON.stringify(report, null, 2)]) {
        expect(output).not.toContain(text);
        expect(output).not.toContain(encodeURIComponent(text));
        expect(output).not.toContain(JSON.stringify(text).slice(1, -1));
        expect(output).not.toContain(basic.replace(/=+$/, ''));
        expect(output).not.toContain(hex(body, 'sha256', text));
      }
    }),
    { numRuns: 60 },
  );
});
