import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { InvalidSettings, VerificationUnavailable } from '#schemas/problems.ts';
import { customAdapter } from './adapter.ts';
import { type Json, loadDefinition, requestWith } from './fixtures.ts';

// Which requests are handshakes and which are refused stands in vectors/signatures.json; here is
// what they are answered with, and which handshakes a definition may not have.

const SECRET = 'challenge-secret';
const definition = loadDefinition('challenges');

function bindWith(challenge: Json, rest: Json = {}) {
  return customAdapter.bind({ definition: { ...definition, challenge: [challenge], ...rest } });
}

function answerTo(request: WebhookRequest, challenge?: Json) {
  const bound = challenge ? bindWith(challenge) : customAdapter.bind({ definition });
  const { drafts, skipped, answer } = bound.webhook(request, [SECRET]);
  expect([drafts, skipped]).toStrictEqual([[], []]);
  return answer;
}

const url = (query: string) => `https://hooks.example.com/webhooks/custom/c1?${query}`;
const get = (query: string) => requestWith('', { method: 'GET', url: url(query) });

describe('answers', () => {
  it('an echo as text', () => {
    const request = get('hub.mode=subscribe&hub.challenge=%3Cb%3Ea+b%3C%2Fb%3E');
    expect(answerTo(request)).toStrictEqual({
      status: 200,
      contentType: 'text/plain; charset=utf-8',
      body: '<b>a b</b>',
    });
  });

  it('an echo in JSON', () => {
    const body = '{"type":"url_verification","challenge":"a\\"}{\\\\"}';
    expect(answerTo(requestWith(body))).toStrictEqual({
      status: 200,
      contentType: 'application/json',
      body: '{"challenge":"a\\"}{\\\\"}',
    });
  });

  it('an HMAC beside its value', () => {
    const body =
      '{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}';
    // echo -n qgg8vlvZRS6UYooatFL8Aw | openssl dgst -sha256 -hmac challenge-secret
    expect(answerTo(requestWith(body))).toStrictEqual({
      status: 200,
      contentType: 'application/json',
      body: '{"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":"702d89c3b8c4bb2000d629f4fc8b1d68da3f6157441179255cee9475cd5f8d9c"}',
    });
  });

  it('a status alone', () => {
    const request = requestWith('', { method: 'GET', headers: { 'x-endpoint-check': '' } });
    expect(answerTo(request)).toMatchObject({ status: 204, body: '' });
  });

  const challenge = (respond: Json): Json => ({ match: { method: 'GET' }, respond });
  const value = { from: 'query', name: 'v' };
  it.each<[string, Json, string, string]>([
    ['a text as JSON', { kind: 'echo', value, contentType: 'application/json' }, '"ab"', ''],
    [
      'a name of prototypes',
      { kind: 'echo', value, jsonKey: '__proto__' },
      '{"__proto__":"ab"}',
      '',
    ],
    ['a number is text', { kind: 'echo', value, jsonKey: 'v' }, '{"v":"ab"}', ''],
    [
      'base64 with a prefix, in JSON',
      { kind: 'hmac', value, encoding: 'base64', prefix: 'sha256=', jsonKey: 'response_token' },
      '{"response_token":"sha256=yN0BtCLGD6DC4/VBzzLbyKpRC6STDES4A6iOX+X86po="}',
      '',
    ],
    [
      'an HMAC as text, under a key that is spelled in hex',
      {
        kind: 'hmac',
        value,
        algorithm: 'sha512',
        encoding: 'base64url',
        secret: { encoding: 'hex' },
      },
      'xegHlBsiwjndwWeZYwa3KZ-Q_e0MGgRKOhynjvcw0quXOTGsCeM43RbAlzlZJKdZQmJ7WW1uAF49b6MCirdA4g',
      '00ff',
    ],
    [
      'a constant',
      { kind: 'fixed', contentType: 'application/json', body: '{"ok":true}' },
      '{"ok":true}',
      '',
    ],
  ])('%s', (_name, respond, body, secret) => {
    const bound = bindWith(challenge(respond));
    const secrets = [secret || SECRET, 'the one before'];
    expect(bound.verify(get('v=ab'), secrets).verified).toBe(true);
    expect(bound.webhook(get('v=ab'), secrets).answer?.body).toBe(body);
  });

  it('an HMAC needs a secret', () => {
    const bound = bindWith(challenge({ kind: 'hmac', value }));
    expect(() => bound.webhook(get('v=ab'))).toThrow(VerificationUnavailable);
  });
});

it('whatever is asked, what comes back is that value in printable ASCII, or nothing', () => {
  const echo = { kind: 'echo', value: { from: 'query', name: 'v' } };
  const text = bindWith({ match: { method: 'GET' }, respond: echo });
  const json = bindWith({ match: { method: 'GET' }, respond: { ...echo, jsonKey: 'v' } });
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 1100 }),
    fc.string({ maxLength: 1100 }),
  );
  fc.assert(
    fc.property(value, (v) => {
      const request = get(new URLSearchParams({ v }).toString());
      const allowed = /^[ -~]{1,1024}$/.test(v);
      expect(text.verify(request, [SECRET]).verified).toBe(allowed);
      if (!allowed) return;
      expect(text.webhook(request).answer?.body).toBe(v);
      expect(JSON.parse(json.webhook(request).answer?.body ?? '')).toStrictEqual({ v });
    }),
  );
});

it('a token in a header, and a signature too', () => {
  const bound = bindWith({
    match: { method: 'GET' },
    token: { from: 'header', name: 'X-Token' },
    signed: true,
    respond: { kind: 'echo', value: { from: 'query', name: 'v' } },
  });
  const request = { ...get('v=a'), headers: { 'x-token': SECRET } };
  expect(bound.verify(request, [SECRET])).toStrictEqual({
    verified: false,
    reason: 'signature_missing',
  });
});

it('the first handshake that matches decides', () => {
  const first = { match: { method: 'GET' }, respond: { kind: 'fixed', body: 'first' } };
  const second = { match: { method: 'GET' }, respond: { kind: 'fixed', body: 'second' } };
  const bound = customAdapter.bind({ definition: { ...definition, challenge: [first, second] } });
  expect(bound.webhook(get('')).answer?.body).toBe('first');
});

it('reads no body past the limit of what is parsed unverified', () => {
  const bound = customAdapter.bind({ definition });
  const body = '{"event":"endpoint.url_validation","payload":{"plainToken":"abc"}}'.padEnd(
    64 * 1024 + 1,
  );
  expect(bound.verify(requestWith(body), [SECRET]).verified).toBe(false);
});

describe('handshakes that are refused when saved', () => {
  const get = { method: 'GET' };
  const post = { method: 'POST', where: [{ from: 'header', name: 'X-Check' }] };
  const echo = { kind: 'echo', value: { from: 'query', name: 'v' } };
  const hmac = { ...echo, kind: 'hmac' };
  const cases: readonly [name: string, challenge: Json, pointer: string, words: string][] = [
    [
      'a POST without a condition',
      { match: { method: 'POST' }, respond: echo },
      '/match/where',
      'every event',
    ],
    ['DELETE', { match: { method: 'DELETE' }, respond: echo }, '/match/method', 'must be one of'],
    [
      'an unknown answer',
      { match: get, respond: { kind: 'html' } },
      '/respond/kind',
      'echo, hmac, fixed',
    ],
    [
      'HTML',
      { match: get, respond: { ...echo, contentType: 'text/html' } },
      '/respond/contentType',
      'text/plain',
    ],
    [
      'a redirect',
      { match: get, respond: { ...echo, status: 302 } },
      '/respond/status',
      '200,201,202,204',
    ],
    [
      'an echo without a body',
      { match: get, respond: { ...echo, status: 204 } },
      '/respond/status',
      'cannot be 204',
    ],
    [
      'a JSON name in text',
      { match: get, respond: { ...echo, jsonKey: 'a', contentType: 'text/plain' } },
      '/respond/contentType',
      'must be application/json',
    ],
    [
      'an echo beside nothing',
      { match: get, respond: { ...hmac, echoKey: 'a' } },
      '/respond/echoKey',
      'needs jsonKey',
    ],
    [
      'one name for both',
      { match: get, respond: { ...hmac, jsonKey: 'a', echoKey: 'a' } },
      '/respond/echoKey',
      'another name',
    ],
    [
      'a pointer without a slash',
      { match: post, respond: { ...echo, value: { from: 'body-pointer', name: 'v' } } },
      '/respond/value/name',
      'JSON Pointer',
    ],
    [
      'a prototype',
      {
        match: { method: 'POST', where: [{ from: 'body-pointer', name: '/__proto__' }] },
        respond: echo,
      },
      '/match/where/0/name',
      'JSON Pointer',
    ],
    [
      'a token from a path',
      { match: get, token: { from: 'path', name: 'a' }, respond: echo },
      '/token/from',
      '',
    ],
    [
      'a body beside 204',
      { match: get, respond: { kind: 'fixed', status: 204, body: 'a' } },
      '/respond/body',
      '204',
    ],
    [
      'JSON that is none',
      { match: get, respond: { kind: 'fixed', contentType: 'application/json', body: '{' } },
      '/respond/body',
      'must be JSON',
    ],
  ];
  it.each(cases)('%s', (_name, challenge, pointer, words) => {
    const faults = faultsOf(() => bindWith(challenge));
    expect(faults.map((fault) => fault.pointer)).toStrictEqual([
      `/definition/challenge/0${pointer}`,
    ]);
    expect(faults[0]?.message).toContain(words);
  });

  const form = { extract: { ...(definition.extract as Json), format: 'form' } };
  const timestamp = { from: 'header', name: 'X-T', unit: 's' };
  const signature = { from: 'header', name: 'X-S' };
  const bodyUnsigned = {
    verification: [
      { scheme: 'hmac', signature, timestamp, content: '{timestamp}', bodyUnsigned: true },
    ],
  };
  it.each<[string, Json, Json, boolean]>([
    ['a form', hmac, form, false],
    ['content without the body', hmac, bodyUnsigned, false],
    ['JSON', hmac, {}, true],
    ['an echo beside a form', echo, form, true],
  ])('an HMAC for strangers, beside %s', (_name, respond, rest, allowed) => {
    const challenge = { match: { method: 'GET' }, respond };
    const pointers = faultsOf(() => bindWith(challenge, rest)).map(({ pointer }) => pointer);
    expect(pointers).toStrictEqual(allowed ? [] : ['/definition/challenge/0/signed']);
    expect(faultsOf(() => bindWith({ ...challenge, signed: true }, rest))).toStrictEqual([]);
    const token = { from: 'query', name: 't' };
    expect(faultsOf(() => bindWith({ ...challenge, token }, rest))).toStrictEqual([]);
  });
});

function faultsOf(bind: () => unknown) {
  try {
    bind();
    return [];
  } catch (error) {
    if (error instanceof InvalidSettings) return error.faults;
    throw error;
  }
}
