import type { FastifyInstance } from 'fastify';
import { type Access, ANYONE, reads } from '../access/access.ts';
import type { Metrics } from './metrics.ts';

export interface MetricsRouteOptions {
  readonly metrics: Metrics;
  /** True where only the installation's own network reaches the server. */
  readonly open?: boolean;
}

/** `GET /metrics`: Prometheus' text format. No values of customers, so no tenant is asked for. */
export async function metricsRoute(
  app: FastifyInstance,
  { metrics, open = false }: MetricsRouteOptions,
): Promise<void> {
  const config: { access: Access } = open ? ANYONE : reads('installation');
  app.get('/metrics', { config, schema: { hide: true } }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  );
}
