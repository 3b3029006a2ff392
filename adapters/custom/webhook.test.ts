import { describe, expect, it } from 'vitest';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { ContentTypeNotSupported, InvalidSettings, MethodNotAllowed } from '#schemas/problems.ts';
import { customAdapter } from './adapter.ts';
import { type Json, loadDefinition, requestWith } from './fixtures.ts';

const base = {
  verification: [{ scheme: 'none' }],
  extract: { eventType: { constant: 'thing.made' }, entity: { id: '/id' } },
};
const body = '{"id":"1"}';

function receive(definition: Json, request: WebhookRequest) {
  const bound = customAdapter.bind({ definition: { ...base, ...definition } });
  expect(bound.verify(request, []).verified).toBe(true);
  return bound.webhook(request);
}

describe('methods', () => {
  it.each<[string, string[] | undefined, boolean]>([
    ['POST', undefined, true],
    ['PUT', undefined, false],
    ['PATCH', undefined, false],
    ['GET', undefined, false],
    ['GET', ['POST', 'PUT', 'PATCH'], false],
    ['PUT', ['PUT'], true],
    ['POST', ['PUT'], false],
    ['PATCH', ['PUT', 'PATCH'], true],
  ])('%s where %j are allowed: %s', (method, allowedMethods, taken) => {
    const definition = allowedMethods === undefined ? {} : { allowedMethods };
    const take = () => receive(definition, requestWith(body, { method }));
    if (taken) expect(take().drafts).toHaveLength(1);
    else expect(take).toThrow(MethodNotAllowed);
  });

  it('an empty GET is no ping', () => {
    const bound = customAdapter.bind({ definition: loadDefinition('zenoti') });
    expect(bound.webhook(requestWith('')).drafts).toStrictEqual([]);
    expect(() => bound.webhook(requestWith('', { method: 'GET' }))).toThrow(MethodNotAllowed);
  });
});

describe('the acknowledgement', () => {
  it('is the platform’s where the definition has none', () => {
    expect(receive({}, requestWith(body))).not.toHaveProperty('answer');
  });

  it('is a constant', () => {
    const ack = { status: 202, contentType: 'application/json', body: '{"id":"{/id}"}' };
    expect(receive({ ack }, requestWith(body)).answer).toStrictEqual(ack);
  });

  it('says its encoding where it is text', () => {
    expect(receive({ ack: { body: 'été' } }, requestWith(body)).answer).toStrictEqual({
      status: 200,
      contentType: 'text/plain; charset=utf-8',
      body: 'été',
    });
  });

  it('is given where items were skipped too', () => {
    const result = receive({ ack: { status: 204 } }, requestWith('{}'));
    expect(result).toMatchObject({ skipped: [{}], answer: { status: 204, body: '' } });
  });

  it.each<[string, Json, string]>([
    ['a redirect', { status: 301 }, '/definition/ack/status'],
    ['HTML', { contentType: 'text/html' }, '/definition/ack/contentType'],
    ['XML, which a browser runs too', { contentType: 'text/xml' }, '/definition/ack/contentType'],
    ['a long body', { body: 'x'.repeat(1025) }, '/definition/ack/body'],
    ['a body beside 204', { status: 204, body: 'x' }, '/definition/ack/body'],
    ['JSON that is none', { contentType: 'application/json', body: 'ok' }, '/definition/ack/body'],
    ['headers', { headers: {} }, '/definition/ack/headers'],
  ])('refused: %s', (_name, ack, pointer) => {
    expect(() => receive({ ack }, requestWith(body))).toThrow(InvalidSettings);
    expect(() => receive({ ack }, requestWith(body))).toThrow(pointer);
  });
});

describe('content types', () => {
  const form = 'application/x-www-form-urlencoded';
  it.each<[string, Json, string | undefined, boolean]>([
    ['JSON', {}, undefined, true],
    ['JSON', {}, '', true],
    ['JSON', {}, 'application/json; charset=utf-8', true],
    ['JSON', {}, 'application/vnd.shop.v2+json', true],
    ['JSON', {}, 'text/plain', true],
    ['JSON', {}, 'application/octet-stream', true],
    ['JSON', {}, form, false],
    ['JSON', {}, 'text/xml', false],
    ['JSON', {}, 'application/jsonp', false],
    ['a form', { format: 'form' }, undefined, true],
    ['a form', { format: 'form' }, `${form}; charset=UTF-8`, true],
    ['a form', { format: 'form' }, form.toUpperCase(), true],
    ['a form', { format: 'form' }, 'application/json', false],
    ['a form', { format: 'form' }, 'text/plain', false],
    ['JSON as a form', { allowedContentTypes: [form] }, form, true],
    ['JSON as a form', { allowedContentTypes: [form] }, 'application/json', false],
    ['JSON as a form', { allowedContentTypes: [form] }, undefined, true],
  ])('%s, %j, stated as %s: %s', (_name, change, type, taken) => {
    const extract = { ...base.extract, entity: {}, ...change };
    const headers = type === undefined ? {} : { 'content-type': type };
    const take = () => receive({ extract }, requestWith(body, { headers }));
    if (taken) expect(take().drafts).toHaveLength(1);
    else expect(take).toThrow(ContentTypeNotSupported);
  });
});
