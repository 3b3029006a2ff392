import { describe, expect, expectTypeOf, it } from 'vitest';
import type { components } from './generated/api.ts';
import { TributaryProblem, UnexpectedAnswer } from './problem.ts';
import { createTributaryClient } from './tributary-client.ts';

/** A client whose requests are kept, and answered with what is given. */
function clientOf(answer: () => Response, orgId?: string) {
  const asked: Request[] = [];
  const client = createTributaryClient({
    url: 'https://tributary.example.com',
    token: 'a-token',
    orgId,
    fetch: async (request) => {
      asked.push(request);
      return answer();
    },
  });
  return { client, asked };
}

const details = {
  type: 'https://tributary.dev/errors#invalid_request',
  title: 'The request is not valid',
  status: 400,
  code: 'invalid_request',
  detail: 'The body is not valid; see errors.',
  next: 'fix_request',
  errors: [{ pointer: '/name', message: 'is missing' }],
};

describe('a request', () => {
  it('says who asks, for whom, and what', async () => {
    const { client, asked } = clientOf(() => Response.json({ id: 'x' }), 'org_1');
    await client.patch('/v1/connections/{id}', {
      params: { path: { id: 'con/1' } },
      body: { status: 'active' },
    });
    const [request] = asked;
    expect(request?.method).toBe('PATCH');
    expect(request?.url).toBe('https://tributary.example.com/v1/connections/con%2F1');
    expect(request?.headers.get('authorization')).toBe('Bearer a-token');
    expect(request?.headers.get('x-org-id')).toBe('org_1');
    expect(await request?.json()).toEqual({ status: 'active' });
  });

  it('leaves out what is not given', async () => {
    const { client, asked } = clientOf(() => Response.json({}));
    await client.get('/v1/events', { params: { query: { limit: 2, cursor: undefined } } });
    await client.post('/v1/reconcile/resume');
    expect(asked.map(({ url }) => new URL(url).search)).toEqual(['?limit=2', '']);
    expect(asked.map(({ headers }) => headers.has('x-org-id'))).toEqual([false, false]);
    expect(asked[1]?.headers.has('content-type')).toBe(false);
  });
});

describe('an answer', () => {
  it('is the body alone', async () => {
    const page = { events: [], next_cursor: null };
    const { client } = clientOf(() => Response.json(page));
    expect(await client.get('/v1/events')).toEqual(page);
  });

  it('of nothing is nothing', async () => {
    const { client } = clientOf(() => new Response(null, { status: 204 }));
    const params = { path: { name: 'x' } };
    expect(await client.delete('/v1/replay-predicates/{name}', { params })).toBeUndefined();
  });

  it('that is a problem is thrown', async () => {
    const headers = { 'retry-after': '3' };
    const { client } = clientOf(() => Response.json(details, { status: 400, headers }));
    const error = await client.get('/v1/events').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TributaryProblem);
    expect(error).toMatchObject({
      message: 'The body is not valid; see errors.',
      code: 'invalid_request',
      status: 400,
      next: 'fix_request',
      faults: [{ pointer: '/name', message: 'is missing' }],
      retryAfterSeconds: 3,
    });
    await expect(client.raw.GET('/v1/events')).rejects.toThrow(TributaryProblem);
  });

  it.each([
    {
      name: 'a page of a proxy',
      answer: () => new Response('<p>Bad gateway</p>', { status: 502 }),
    },
    { name: 'other JSON', answer: () => Response.json({ message: 'no' }, { status: 502 }) },
  ])('that is $name is thrown as what it is', async ({ answer }) => {
    const error = await clientOf(answer)
      .client.get('/v1/events')
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(UnexpectedAnswer);
    expect(error).toMatchObject({ message: 'HTTP 502', status: 502 });
  });
});

/** Checked by the compiler; never called. */
async function types(): Promise<void> {
  const { client } = clientOf(() => Response.json({}));
  const page = await client.get('/v1/events', { params: { query: { limit: 5 } } });
  expectTypeOf(page.events).toEqualTypeOf<components['schemas']['Event'][]>();
  expectTypeOf(page.next_cursor).toEqualTypeOf<string | null>();
  const made = await client.post('/v1/replays', { body: { dry_run: true } });
  if ('cost' in made) expectTypeOf(made.cost.publish_usd).toBeString();
  const params = { path: { name: 'x' } };
  const deleted = await client.delete('/v1/replay-predicates/{name}', { params });
  expectTypeOf(deleted).toBeUndefined();
  // @ts-expect-error There is no such path.
  await client.get('/v1/none');
  // @ts-expect-error It is not served by this method.
  await client.post('/v1/events');
  // @ts-expect-error It lacks its id.
  await client.get('/v1/events/{event_id}');
  // @ts-expect-error There is no such filter.
  await client.get('/v1/events', { params: { query: { limits: 1 } } });
  // @ts-expect-error It lacks its body.
  await client.post('/v1/connections');
  // @ts-expect-error The body has another field.
  await client.post('/v1/connections', { body: { provide: 'x' } });
}
void types.name;
