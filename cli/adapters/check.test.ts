import { describe, expect, it } from 'vitest';
import {
  BODY,
  by,
  extract,
  hex,
  hmac,
  request,
  run,
  SECRET,
  T,
  timed,
  URL,
} from './check.test-support.ts';
import { check } from './check.ts';

// Real: the adapter and the explanations. The clock is the request's.

describe('a definition with faults', () => {
  it('is told all of them, and nothing else is looked at', () => {
    const definition = by(
      { ...hmac, content: '{x}' },
      { extract: { eventType: 'type' }, polling: {} },
    );
    const { report, text } = run(definition, request({}));
    expect(report.checked).toBeUndefined();
    expect(text).toBe(
      [
        'The definition has 2 faults:',
        '  /definition/polling: is not offered: an adapter makes no calls of its own. Have the provider send it',
        '  /definition/extract/eventType: must be a JSON Pointer such as /data/id (RFC 6901) that names no prototype',
        '',
      ].join('\n'),
    );
  });

  it.each([[null], [[]], ['text'], [{ definition: 5 }]])('%j is none', (definition) => {
    const report = check({ definition, request: request({}), secrets: [], notes: [] });
    expect(report).toMatchObject({ ok: false, faults: [{ pointer: '/definition' }] });
  });
});

it('settings that hold a definition are read as the definition', () => {
  const sent = request({ 'x-sig': hex(BODY) });
  expect(run({ definition: by(hmac) }, sent).report).toStrictEqual(run(by(hmac), sent).report);
});

describe('a request that is all right', () => {
  it('is verified, and its event shown', () => {
    const { report, text } = run(
      by(timed),
      request({ 'x-sig': hex(`${T}.${BODY}`), 'x-time': `${T}` }),
    );
    expect(report.ok).toBe(true);
    expect(text).toContain('scheme 0, hmac: verified');
    expect(text).toContain(`content     57 bytes: ${JSON.stringify(`${T}.${BODY}`)}`);
    expect(text).toContain('0 s before the receipt; from 300 s before to 60 s after is accepted');
    expect(report.checked?.extraction.events).toMatchObject([
      { event_type: 'order.paid', entity_id: 'o-1', payload: { total: '19.90' } },
    ]);
  });
});

describe('around the schemes', () => {
  const sent = request({ 'x-sig': hex(BODY) });
  const network = { ipAllow: ['203.0.113.0/24'] };
  it.each<[string | undefined, string, boolean]>([
    [
      undefined,
      'address: none is known. Give the address of the sender with --remote-address.',
      false,
    ],
    ['192.0.2.1', 'address: 192.0.2.1 is not on network.ipAllow', false],
    ['203.0.113.9', 'address: 203.0.113.9 is on network.ipAllow', true],
  ])('the address %s', (remoteAddress, words, ok) => {
    const from = remoteAddress === undefined ? sent : { ...sent, remoteAddress };
    const { report, text } = run(by(hmac, { network }), from);
    expect(report.ok).toBe(ok);
    expect(text).toContain(words);
  });

  it('a method that is not allowed', () => {
    const { text } = run(by(hmac), { ...sent, method: 'PUT' });
    expect(text).toContain('extraction    refused: method_not_allowed');
  });

  it('several schemes, one of which is enough', () => {
    const token = { scheme: 'static-token', token: { from: 'header', name: 'X-Key' } };
    const { report, text } = run({ verification: [token, hmac], extract }, sent);
    expect(report.ok).toBe(true);
    expect(text).toContain('verification  verified (any of 2 schemes)');
    expect(text).toContain('scheme 0, static-token: signature_missing');
  });

  it('an item that is skipped', () => {
    const { report, text } = run(
      by(hmac),
      request({ 'x-sig': hex('{}') }, { body: Buffer.from('{}') }),
    );
    expect(report.ok).toBe(false);
    expect(text).toContain('skipped (the body): missing_type. The item has no event type.');
  });

  it('a type that is dropped', () => {
    const definition = by(hmac, {
      extract: { ...extract, map: [{ type: 'a', to: 'a.b' }], onUnknownType: 'drop' },
    });
    const { report, text } = run(definition, sent);
    expect(report.ok).toBe(true);
    expect(text).toContain('Nothing became an event');
  });

  it('a body that is no JSON', () => {
    const body = Buffer.from('{');
    const { report } = run(by(hmac), request({ 'x-sig': hex('{') }, { body }));
    expect(report.ok).toBe(false);
    expect(report.checked?.extraction.problem?.code).toBe('invalid_json');
  });
});

describe('handshakes', () => {
  const challenge = [
    {
      match: { method: 'GET' },
      token: { from: 'query', name: 't' },
      respond: { kind: 'echo', value: { from: 'query', name: 'c' } },
    },
    {
      match: { method: 'POST', where: [{ from: 'body-pointer', name: '/token' }] },
      respond: { kind: 'hmac', value: { from: 'body-pointer', name: '/token' }, jsonKey: 'mac' },
    },
  ];
  const definition = by(hmac, { challenge });

  it('one that matches is answered', () => {
    const sent = request(
      {},
      { method: 'GET', url: `${URL}?c=abc&t=${SECRET}`, body: Buffer.alloc(0) },
    );
    const { report, text } = run(definition, sent);
    expect(report.ok).toBe(true);
    expect(text).toContain('verification  verified (as handshake 0)');
    expect(text).toContain('handshake 1: another request, by its /match/method');
    expect(text).toContain('answer 200 text/plain; charset=utf-8: abc');
    expect(text).not.toContain(SECRET);
    expect(text).toContain('t=********');
  });

  it('an HMAC is not shown', () => {
    const { report, text } = run(definition, request({}, { body: Buffer.from('{"token":"abc"}') }));
    expect(report.ok).toBe(true);
    expect(text).toContain('with an HMAC, not shown');
    expect(JSON.stringify(report)).not.toContain(hex('abc'));
  });

  it('an event is none of them', () => {
    const { text } = run(definition, request({ 'x-sig': hex(BODY) }));
    expect(text).toContain('handshake 0: another request, by its /match/method');
    expect(text).toContain('handshake 1: another request, by its /match/where/0');
  });
});
