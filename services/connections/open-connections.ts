import type { Adapter } from '#adapters/kit/adapter.ts';
import type { ApiUrlRules } from '#adapters/kit/api-url.ts';
import type { Database } from '#platform/database/database.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import { InternalError, InvalidRequest } from '#schemas/problems.ts';
import type { ObtainCredential } from './credential-input.ts';
import type { ConnectionDirectory } from './directory.ts';
import { ConnectionLeave } from './leave.ts';
import { ConnectionLifecycle } from './lifecycle.ts';
import type { CredentialKeeper, Farewell } from './ports.ts';

export interface ConnectionOptions {
  readonly adapters: ReadonlyMap<string, Adapter>;
  readonly database: Database;
  readonly directory: Pick<ConnectionDirectory, 'refresh'>;
  readonly farewells?: readonly Farewell[];
  readonly secrets: Secrets;
  readonly publicUrl: () => string;
  readonly apiUrlRules?: ApiUrlRules | undefined;
}

/** What the routes of connections work with. */
export function openConnections(options: ConnectionOptions) {
  const obtainCredential: ObtainCredential = ({ adapter }) => {
    throw new InvalidRequest(`${adapter.title} is not called: its connections only receive.`);
  };
  const credentials: CredentialKeeper = {
    put: async () => {
      throw new InternalError('No adapter is called, so there are no credentials.');
    },
    remove: async () => undefined,
  };
  const parts = { ...options, credentials };
  return {
    adapters: options.adapters,
    database: options.database,
    leave: new ConnectionLeave({ ...parts, farewells: options.farewells ?? [] }),
    lifecycle: new ConnectionLifecycle(parts),
    obtainCredential,
    publicUrl: options.publicUrl,
  };
}
