import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  createServer as createTlsServer,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import { promisify } from 'node:util';
import { Connector } from '@google-cloud/cloud-sql-connector';
import { findExecutable, type Part } from '#platform/testing/part.ts';
import type { ServerConnection } from '../options.ts';

/** Makes the certificates Google would issue. */
export const OPENSSL: Part = {
  name: 'openssl',
  find: () => findExecutable('openssl'),
  howToGet: 'on Debian `apt-get install openssl`.',
};

export const INSTANCE = 'some-project:europe-west1:main';
/** The connector's port is fixed; another address of the loopback network keeps it out of the way. */
const ADDRESS = '127.94.5.7';
const PORT = 3307;

/** Google's Cloud SQL Admin API and an instance's TLS port, in front of a Postgres without TLS. */
export interface FakeCloudSql {
  /** What the Admin API was asked: method, path, and the names of the body's fields. */
  readonly requests: string[];
  /** Makes the Admin API answer with this status until it is set to 200 again. */
  status: number;
  /** Google's own connector, pointed here. */
  readonly connector: () => Promise<Connector>;
  listen(): Promise<void>;
  /** Cuts the connections to the instance and takes no new ones. */
  unlisten(): Promise<void>;
  close(): Promise<void>;
}

export async function startFakeCloudSql(postgres: ServerConnection): Promise<FakeCloudSql> {
  const dir = await mkdtemp(join(tmpdir(), 'tributary-cloud-sql-'));
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args, { cwd: dir });
  const read = (name: string) => readFile(join(dir, name), 'utf8');
  const [project, region, instance] = INSTANCE.split(':');
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=ca',
  );
  const sign = (csr: string, out: string, ...more: string[]) =>
    openssl('x509', '-req', '-in', csr, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-out', out, ...more);
  const subject = `/CN=${project}:${instance}`;
  await openssl(
    'req',
    '-new',
    ...newKey,
    '-keyout',
    'server.key',
    '-out',
    'server.csr',
    '-subj',
    subject,
  );
  await sign('server.csr', 'server.pem');
  const ca = await read('ca.pem');
  const requests: string[] = [];

  const answer = async (request: IncomingMessage): Promise<unknown> => {
    const body = JSON.parse((await text(request)) || '{}') as { public_key?: string };
    requests.push(`${request.method} ${request.url} ${Object.keys(body).sort()}`);
    if (body.public_key === undefined) {
      return {
        region,
        databaseVersion: 'POSTGRES_15',
        ipAddresses: [{ type: 'PRIVATE', ipAddress: ADDRESS }],
        serverCaCert: { cert: ca, expirationTime: '2099-01-01T00:00:00Z' },
      };
    }
    await writeFile(join(dir, 'client.pub'), body.public_key);
    await sign('server.csr', 'client.pem', '-force_pubkey', 'client.pub', '-days', '1');
    return { ephemeralCert: { cert: await read('client.pem') } };
  };
  const api = createServer(async (request, response) => {
    const { status } = fake;
    const body = status === 200 ? await answer(request) : { error: { code: status } };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  api.listen(0, '127.0.0.1');
  await once(api, 'listening');
  const { port } = api.address() as AddressInfo;

  const secure = { key: await read('server.key'), cert: await read('server.pem'), ca };
  const sockets = new Set<TLSSocket>();
  let instancePort: TlsServer | undefined;
  const fake: FakeCloudSql = {
    requests,
    status: 200,
    connector: async () =>
      new Connector({ auth: signedIn(), sqlAdminAPIEndpoint: `http://127.0.0.1:${port}/` }),
    async listen() {
      instancePort = createTlsServer({ ...secure, requestCert: true }, (near) => {
        sockets.add(near);
        const far = connect(postgres.port, postgres.host);
        for (const socket of [near, far]) socket.on('error', () => undefined);
        near.pipe(far).pipe(near);
        near.on('close', () => {
          sockets.delete(near);
          far.destroy();
        });
      });
      instancePort.listen(PORT, ADDRESS);
      await once(instancePort, 'listening');
    },
    async unlisten() {
      if (!instancePort) return;
      const closed = once(instancePort, 'close');
      instancePort.close();
      for (const socket of sockets) socket.destroy();
      await closed;
      instancePort = undefined;
    },
    async close() {
      await fake.unlisten();
      api.closeAllConnections();
      api.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  await fake.listen();
  return fake;
}

type Auth = NonNullable<ConstructorParameters<typeof Connector>[0]>['auth'];

/** A login whose token is there already. The class is the connector's own dependency. */
function signedIn(): Auth {
  const require = createRequire(import.meta.resolve('@google-cloud/cloud-sql-connector'));
  const { OAuth2Client } = require('google-auth-library') as {
    OAuth2Client: new () => { setCredentials(credentials: object): void };
  };
  const client = new OAuth2Client();
  client.setCredentials({ access_token: 'token', expiry_date: Date.now() + 3_600_000 });
  return client as unknown as Auth;
}
