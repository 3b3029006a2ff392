import type { FastifyInstance } from 'fastify';
import { Problem } from '#schemas/problem.ts';
import { ANYONE } from '../access/access.ts';

/** Resolves when a capability answers; throws when it does not. */
export type Check = () => Promise<unknown>;

export interface HealthOptions {
  /** False while starting and while shutting down. */
  readonly isReady: () => boolean;
  readonly checks: Readonly<Record<string, Check>>;
  /** Ready when of each group one check passes. Default: all must. */
  readonly needs?: readonly (readonly string[])[];
  /** Told why a check fails, once until it passes again. */
  readonly onError: (message: string, error: unknown) => void;
}

/** Longer than the drivers' own bound of 2 s, which end with a word that says more. */
const CHECK_TIMEOUT_MS = 3_000;

/** `/healthz`: the process runs. `/readyz`: it can do what its role is for. `/openapi.json`. */
export async function healthRoutes(app: FastifyInstance, options: HealthOptions): Promise<void> {
  const names = Object.keys(options.checks);
  const needs = options.needs ?? names.map((name) => [name]);
  const failing = new Set<string>();

  const run = async (name: string, check: Check): Promise<string> => {
    const result = await outcome(check);
    if (result === 'ok') failing.delete(name);
    else if (!failing.has(name)) {
      failing.add(name);
      options.onError(`The check of the ${name} fails.`, result);
    }
    return result === 'ok' ? 'ok' : wordFor(result);
  };

  app.get('/healthz', { config: ANYONE, schema: { hide: true } }, async () => ({ status: 'ok' }));

  app.get('/readyz', { config: ANYONE, schema: { hide: true } }, async (_request, reply) => {
    const results = Object.fromEntries(
      await Promise.all(
        Object.entries(options.checks).map(async ([name, check]) => [name, await run(name, check)]),
      ),
    );
    const ready =
      options.isReady() && needs.every((group) => group.some((name) => results[name] === 'ok'));
    return reply.code(ready ? 200 : 503).send({
      status: ready ? 'ready' : 'not_ready',
      checks: results,
    });
  });

  app.get('/openapi.json', { config: ANYONE, schema: { hide: true } }, async () => app.swagger());
}

class CheckTimeout extends Error {
  constructor() {
    super(`No answer within ${CHECK_TIMEOUT_MS} ms.`);
  }
}

async function outcome(check: Check): Promise<'ok' | Error> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<Error>((resolve) => {
    timer = setTimeout(() => resolve(new CheckTimeout()), CHECK_TIMEOUT_MS);
  });
  const checked = check().then(
    () => 'ok' as const,
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );
  const result = await Promise.race([checked, timeout]);
  clearTimeout(timer);
  return result;
}

/** Codes only: anyone may ask, and messages name what only operators should see. */
function wordFor(failure: Error): string {
  if (failure instanceof CheckTimeout) return 'timeout';
  return failure instanceof Problem ? failure.code : 'failing';
}
