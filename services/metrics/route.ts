import type { FastifyInstance } from 'fastify';
import type { Authenticate } from '../http/authenticate.ts';
import type { Metrics } from './metrics.ts';

export interface MetricsRouteOptions {
  readonly metrics: Metrics;
  /** Who may ask. Absent where only the installation's own network reaches the server. */
  readonly authenticate?: Authenticate;
}

/** `GET /metrics`: Prometheus' text format. No values of customers, so no tenant is asked for. */
export async function metricsRoute(
  app: FastifyInstance,
  { metrics, authenticate }: MetricsRouteOptions,
): Promise<void> {
  app.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
    authenticate?.(request);
    return reply.type(metrics.contentType).send(await metrics.text());
  });
}
