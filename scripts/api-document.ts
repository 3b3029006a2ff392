import { pino } from 'pino';
import { adaptersByProvider } from '#adapters/registry.ts';
import { readConfig } from '#platform/config/config.ts';
import { createServer } from '#services/http/server.ts';
import type { OpenApiDocument } from '#services/openapi/document-types.ts';
import { startControl } from '#services/roles/control.ts';
import type { Parts } from '#services/roles/parts.ts';

/**
 * The OpenAPI document of a server, as `GET /openapi.json` answers it. Its routes are registered as its
 * roles do it, over stand-ins for all they work with: no route is called.
 *
 * @param roles default that which serves the API
 */
export async function apiDocument(
  roles: readonly ((parts: Parts) => Promise<void>)[] = [startControl],
): Promise<OpenApiDocument> {
  const config = readConfig({});
  const server = await createServer({
    ...config,
    logger: pino({ level: 'silent' }),
    authenticate: () => Promise.reject(new Error('There is nobody.')),
    database: standIn(),
    operatorTenantId: config.tenantId,
  });
  try {
    const adapters = adaptersByProvider();
    for (const start of roles) {
      await start(standIn<Parts>({ adapters, closing: [], config, server }));
    }
    await server.ready();
    return JSON.parse(JSON.stringify(server.swagger()));
  } finally {
    await server.close();
  }
}

/**
 * Something that can be called, made with new, and asked for anything, and gives more of its kind.
 *
 * @param known what it has after all
 */
function standIn<Value extends object>(known: Partial<Value> = {}): Value {
  const given = new Map(Object.entries(known));
  const self: Value = new Proxy(class {} as unknown as Value, {
    // It is no promise: waiting for it would never end.
    get: (_target, name) => (name === 'then' ? undefined : (given.get(String(name)) ?? self)),
    apply: () => self,
    construct: () => self,
  });
  return self;
}
