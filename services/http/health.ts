import type { FastifyInstance } from 'fastify';

/** Resolves when a capability answers; throws when it does not. */
export type Check = () => Promise<unknown>;

export interface HealthOptions {
  /** False while starting and while shutting down. */
  readonly isReady: () => boolean;
  readonly checks: Readonly<Record<string, Check>>;
}

const CHECK_TIMEOUT_MS = 2_000;

/** `/healthz`: the process runs. `/readyz`: it can take webhooks. `/openapi.json`. */
export async function healthRoutes(app: FastifyInstance, options: HealthOptions): Promise<void> {
  app.get('/healthz', { schema: { hide: true } }, async () => ({ status: 'ok' }));

  app.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
    const names = Object.keys(options.checks);
    const results = await Promise.all(Object.values(options.checks).map(outcome));
    const ready = options.isReady() && results.every((result) => result === 'ok');
    return reply.code(ready ? 200 : 503).send({
      status: ready ? 'ready' : 'not_ready',
      checks: Object.fromEntries(names.map((name, index) => [name, results[index]])),
    });
  });

  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}

async function outcome(check: Check): Promise<'ok' | 'failing' | 'timeout'> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(() => resolve('timeout'), CHECK_TIMEOUT_MS);
  });
  const checked = check().then(
    () => 'ok' as const,
    () => 'failing' as const,
  );
  const result = await Promise.race([checked, timeout]);
  clearTimeout(timer);
  return result;
}
