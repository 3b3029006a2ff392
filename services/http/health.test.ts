import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { PermissionMissing } from '#schemas/problems.ts';
import { type Check, healthRoutes } from './health.ts';

const pass: Check = async () => undefined;
const fail: Check = () => Promise.reject(new Error('it is away'));
const refuse: Check = () =>
  Promise.reject(new PermissionMissing('x@project lacks pubsub.topics.get on events.'));

interface Case {
  readonly name: string;
  readonly checks: Readonly<Record<string, Check>>;
  readonly needs?: readonly (readonly string[])[];
  readonly status: number;
  readonly results: Readonly<Record<string, string>>;
}

const cases: readonly Case[] = [
  { name: 'all pass', checks: { a: pass, b: pass }, status: 200, results: { a: 'ok', b: 'ok' } },
  {
    name: 'one of all fails',
    checks: { a: pass, b: fail },
    status: 503,
    results: { a: 'ok', b: 'failing' },
  },
  {
    name: 'one of a group is enough',
    checks: { a: pass, b: refuse },
    needs: [['a', 'b']],
    status: 200,
    results: { a: 'ok', b: 'permission_missing' },
  },
  {
    name: 'none of a group passes',
    checks: { a: fail, b: refuse, c: pass },
    needs: [['a', 'b'], ['c']],
    status: 503,
    results: { a: 'failing', b: 'permission_missing', c: 'ok' },
  },
  {
    name: 'a check does not answer',
    checks: { a: () => new Promise(() => undefined) },
    status: 503,
    results: { a: 'timeout' },
  },
];

describe('readiness', () => {
  it.each(cases)('when $name', async ({ checks, needs, status, results }) => {
    const server = Fastify();
    const onError = () => undefined;
    await server.register(healthRoutes, { checks, needs, isReady: () => true, onError });
    const answer = await server.inject('/readyz');
    await server.close();
    expect([answer.statusCode, answer.json()]).toEqual([
      status,
      { status: status === 200 ? 'ready' : 'not_ready', checks: results },
    ]);
  });

  it('tells operators why a check fails, once until it passes again', async () => {
    const told: unknown[] = [];
    let check = refuse;
    const server = Fastify();
    await server.register(healthRoutes, {
      checks: { bus: () => check() },
      isReady: () => true,
      onError: (message, error) => told.push([message, (error as Error).message]),
    });
    for (const now of [refuse, refuse, pass, refuse]) {
      check = now;
      await server.inject('/readyz');
    }
    await server.close();
    const once = ['The check of the bus fails.', 'x@project lacks pubsub.topics.get on events.'];
    expect(told).toEqual([once, once]);
  });
});
