/**
 * A process that needs a token, for processes.test.ts. Its argument is a `TokenProcess` as JSON. It says
 * `ready`, then for each line `current` or `invalidate <version>` it asks as many times as there are users, at
 * once, and prints what they got as JSON.
 */
import { createInterface } from 'node:readline/promises';
import { SANDBOX_CLIENT } from '#adapters/kit/oauth-sandbox/options.ts';
import { oauthProviders } from '#adapters/oauth-registry.ts';
import type { ServerConnection } from '#platform/database/postgres/options.ts';
import { openPostgres } from '#platform/database/postgres/postgres.ts';
import { openEncryptedFileSecrets } from '#platform/secrets/encrypted-file/encrypted-file.ts';
import { CredentialStore } from '#services/credentials/credential-store.ts';
import { TokenSource } from '#services/credentials/token-source.ts';
import { makeRefresh } from '#services/oauth/protocol.ts';
import { secretsWith } from './frame.ts';

export interface TokenProcess {
  readonly connection: ServerConnection;
  readonly dataDir: string;
  readonly keyDir: string;
  readonly sandboxUrl: string;
  readonly connectionId: string;
  readonly users: number;
  /** Where it kills itself: before the new tokens are stored, or when they are and nobody knows. */
  readonly dies?: 'before_storing' | 'after_storing';
}

const options = JSON.parse(process.argv[2] ?? '') as TokenProcess;
const database = openPostgres({ connection: options.connection, poolSize: 5 });
const secrets = await openEncryptedFileSecrets(options);

async function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}
const { dies } = options;
const deadly = secretsWith(secrets, {
  addVersion: async (ref, value) => {
    if (dies === 'before_storing') await die();
    const version = await secrets.addVersion(ref, value);
    if (dies === 'after_storing') await die();
    return version;
  },
});
const onError = (message: string, error: unknown) => console.error(message, error);
const refresh = makeRefresh({ providers: oauthProviders(), sandboxUrl: options.sandboxUrl });
const tokens = new TokenSource({
  database,
  store: new CredentialStore({ database, secrets: deadly, onError }),
  refresh: ({ provider, settings }, credential, signal) =>
    refresh(provider, settings, credential, SANDBOX_CLIENT, signal),
  onPermanentFailure: (_id, code) => console.error(code),
  onError,
  ...(dies && { leaseMs: 500 }),
});
await database.query('SELECT 1');

console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const [verb, version] = line.split(' ');
  const asked = Array.from({ length: options.users }, () =>
    verb === 'current'
      ? tokens.current(options.connectionId)
      : tokens.invalidate(options.connectionId, Number(version)),
  );
  const got = (await Promise.all(asked)).map(({ credential }) => credential.token);
  console.log(JSON.stringify(got));
}
await tokens.close();
await database.close();
