import { describe, expect, it } from 'vitest';
import type {
  CallProvider,
  ProviderRequest,
  ProviderResponse,
} from '#adapters/kit/provider-api.ts';
import { Problem } from '#schemas/problem.ts';
import { channelId } from './channel-id.ts';
import { settingsSchema } from './settings.ts';
import { watchChannels } from './watch.ts';

// Answers as Zoho documents them, and as it might give them. The whole way, with the sandbox and intake, is
// in tests/registrations.

const NOW = Date.parse('2026-01-15T10:00:00.789Z');
const ID = channelId('con_1', 'Deals');
const EXPIRY = '2026-01-21T15:30:00+05:30';
const target = {
  connectionId: 'con_1',
  settings: settingsSchema.parse({}),
  url: 'https://hooks.example.com/webhooks/zoho/con_1/segment',
  secret: 'k3Yc7-example',
  nowMs: NOW,
};
const webhook = { resource: 'Deals', externalId: ID, expiresAtMs: NOW };

const answer = (status: number, body: unknown): ProviderResponse => ({
  status,
  headers: {},
  text: typeof body === 'string' ? body : JSON.stringify(body),
});
const event = (overrides = {}) => ({
  channel_expiry: EXPIRY,
  resource_uri: 'https://www.zohoapis.com/crm/v2/Deals',
  resource_id: '5725767000000002179',
  resource_name: 'Deals',
  channel_id: ID,
  ...overrides,
});
const opened = (events: readonly unknown[] = [event()]) =>
  answer(201, {
    watch: [{ code: 'SUCCESS', details: { events }, message: 'subscribed', status: 'success' }],
  });
const refused = (status: number, code: string) =>
  answer(status, { watch: [{ code, details: {}, message: 'no', status: 'error' }] });
const error = (status: number, code: string) =>
  answer(status, { code, details: {}, message: 'no', status: 'error' });

/** A provider that gives these answers, one each. */
function provider(...answers: ProviderResponse[]) {
  const sent: ProviderRequest[] = [];
  const call: CallProvider = async (request) => {
    sent.push(request);
    return answers.shift() ?? answer(500, 'no more answers');
  };
  return { call, sent, methods: () => sent.map(({ method }) => method) };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'none';
  } catch (thrown) {
    if (thrown instanceof Problem) return thrown.code;
    throw thrown;
  }
}

describe('opening a channel', () => {
  it('asks for six days, with values and without what is around a record', async () => {
    const { call, sent } = provider(opened());
    expect(await watchChannels.register(call, 'Deals', target)).toEqual({
      resource: 'Deals',
      externalId: ID,
      expiresAtMs: Date.parse(EXPIRY),
    });
    expect(sent).toEqual([
      {
        method: 'POST',
        path: '/crm/v8/actions/watch',
        json: {
          watch: [
            {
              channel_id: ID,
              events: ['Deals.all'],
              channel_expiry: '2026-01-21T10:00:00+00:00',
              token: target.secret,
              notify_url: target.url,
              return_affected_field_values: true,
              notify_on_related_action: false,
            },
          ],
        },
      },
    ]);
  });

  it('takes the end that Zoho set, which may be an hour', async () => {
    const hour = '2026-01-15T11:00:00+00:00';
    const { call } = provider(opened([event(), event({ channel_expiry: hour })]));
    const { expiresAtMs } = await watchChannels.register(call, 'Deals', target);
    expect(expiresAtMs).toBe(Date.parse(hour));
  });

  it('takes an id that comes as a number, to the last digit', async () => {
    const text = opened().text.replace(`"channel_id":"${ID}"`, `"channel_id":${ID}`);
    expect(text).toContain(`:${ID}`);
    const { call } = provider(answer(201, text));
    expect((await watchChannels.register(call, 'Deals', target)).externalId).toBe(ID);
  });

  const failures: readonly [name: string, answers: ProviderResponse[], code: string][] = [
    ['refused, and not to be replaced', [refused(202, 'INVALID_DATA')], 'provider_refused'],
    ['refused as a whole', [error(400, 'INVALID_MODULE')], 'provider_refused'],
    ['refused beside a status of success', [refused(201, 'INVALID_DATA')], 'provider_refused'],
    ['with a fault of Zoho', [refused(202, 'INTERNAL_ERROR')], 'provider_unavailable'],
    ['with a fault of Zoho as a whole', [error(202, 'INTERNAL_ERROR')], 'provider_unavailable'],
    [
      'without a word of its end',
      [opened([event({ channel_expiry: 'soon' })])],
      'provider_refused',
    ],
    ['with the id of another', [opened([event({ channel_id: '7' })])], 'provider_refused'],
    ['without events', [opened([])], 'provider_refused'],
    ['with success in a status of failure', [{ ...opened(), status: 400 }], 'provider_refused'],
    ['with a page', [answer(200, '<html></html>')], 'provider_refused'],
    ['with nothing', [answer(200, '')], 'provider_refused'],
    ['with a list', [answer(200, '[1]')], 'provider_refused'],
  ];
  it.each(failures)('%s fails', async (_name, answers, code) => {
    const { call } = provider(...answers, refused(400, 'NOT_SUBSCRIBED'));
    expect(await codeOf(watchChannels.register(call, 'Deals', target))).toBe(code);
  });

  it('that is open replaces it', async () => {
    const { call, methods } = provider(refused(202, 'DUPLICATE_DATA'), opened());
    expect(await watchChannels.register(call, 'Deals', target)).toMatchObject({ externalId: ID });
    expect(methods()).toEqual(['POST', 'PUT']);
  });
});

describe('extending a channel', () => {
  it.each([
    ['its element', refused(400, 'NOT_SUBSCRIBED')],
    ['the whole', error(400, 'NOT_SUBSCRIBED')],
  ])('that is gone, as %s says, opens it anew', async (_name, gone) => {
    const { call, methods } = provider(gone, opened());
    await watchChannels.renew?.(call, webhook, target);
    expect(methods()).toEqual(['PATCH', 'POST']);
  });

  it('sends token and address as they are now', async () => {
    const { call, sent } = provider(opened());
    await watchChannels.renew?.(call, webhook, target);
    expect(sent).toMatchObject([
      {
        method: 'PATCH',
        json: {
          watch: [
            { channel_id: ID, token: target.secret, notify_url: target.url, events: ['Deals.all'] },
          ],
        },
      },
    ]);
  });

  it('does not open what is refused otherwise', async () => {
    const { call, methods } = provider(refused(400, 'INVALID_DATA'), opened());
    const renewing = watchChannels.renew?.(call, webhook, target) ?? Promise.resolve();
    expect(await codeOf(renewing)).toBe('provider_refused');
    expect(methods()).toEqual(['PATCH']);
  });
});

describe('closing a channel', () => {
  const success = { code: 'SUCCESS', details: {}, message: 'closed', status: 'success' };
  it.each([
    ['that is open', answer(200, { watch: [success] }), 'none'],
    ['that is gone', refused(400, 'NOT_SUBSCRIBED'), 'none'],
    ['that is gone, without a body', answer(204, ''), 'none'],
    ['that was never there', answer(404, ''), 'none'],
    ['that Zoho keeps', refused(400, 'NO_PERMISSION'), 'provider_refused'],
    ['while Zoho has a fault', error(202, 'INTERNAL_ERROR'), 'provider_unavailable'],
  ])('%s: %#', async (_name, response, code) => {
    const { call, sent } = provider(response);
    expect(await codeOf(watchChannels.remove(call, webhook))).toBe(code);
    expect(sent).toEqual([{ method: 'DELETE', path: `/crm/v8/actions/watch?channel_ids=${ID}` }]);
  });
});

describe('the id of a channel', () => {
  it('is the same for the same connection and module, and for no other', () => {
    const ids = ['con_1', 'con_2', 'con_1D'].flatMap((connection) =>
      ['Deals', 'Contacts', 'eals'].map((module) => channelId(connection, module)),
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(channelId('con_1', 'Deals')).toBe(ID);
    for (const id of ids) {
      expect(id).toMatch(/^[1-9]\d*$/);
      expect(BigInt(id)).toBeLessThan(2n ** 63n);
    }
  });
});

it.each([
  ['all modules', {}, ['Contacts', 'Accounts', 'Deals']],
  ['those that are named', { watch_modules: ['Deals'] }, ['Deals']],
  ['none where none is named', { watch_modules: [] }, []],
  ['none where somebody else keeps channels', { channels: [{ channel_id: '7' }] }, []],
])('channels are kept for %s', (_name, settings, expected) => {
  expect(watchChannels.resources(settingsSchema.parse(settings))).toEqual(expected);
});
