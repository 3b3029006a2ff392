// Real: the driver, Google's client, gRPC on the loopback interface. Doubled: Secret Manager, by a
// server that speaks the client's own protocol and checks what Google's proto states.
import { inspect } from 'node:util';
import { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { status as Code } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clientOptions } from '#platform/google/client-options.ts';
import { GrpcStatus } from '#platform/testing/grpc-status.ts';
import {
  InternalError,
  InvalidRequest,
  PermissionMissing,
  ResourceMissing,
  SecretExists,
  SecretNotFound,
  SecretsUnavailable,
  SecretUnreadable,
  ShuttingDown,
} from '#schemas/problems.ts';
import { describeSecrets } from '../conformance.ts';
import type { Secrets } from '../secrets.ts';
import { encodePath } from './secret-id.ts';
import { openSecretManagerSecrets, type SecretManagerOptions } from './secret-manager.ts';
import { type SecretManagerServer, startSecretManagerServer } from './testing/server.ts';
import { TestTopic } from './testing/topic.ts';

const PROJECT = 'my-project';
const NUMBER = '123456789012';
const TOPIC = 'projects/my-project/topics/secret-events';
const REF = 'tenants/acme/connections/con_1/webhook';
const ID = 'tributary_-tenants_-acme_-connections_-con__1_-webhook';

describeSecrets('Secret Manager', async () => {
  const topic = new TestTopic();
  const server = await startSecretManagerServer({
    projectId: PROJECT,
    onNotification: topic.publish,
    maxPageSize: 3,
  });
  const open = () =>
    openSecretManagerSecrets({
      projectId: PROJECT,
      endpoint: server.endpoint,
      notificationTopic: TOPIC,
      watchTopic: topic.watch,
    });
  const secrets = await open();
  return {
    secrets,
    reopen: open,
    async dispose() {
      await secrets.close();
      await server.stop();
    },
  };
});

describe('Secret Manager', () => {
  let server: SecretManagerServer;
  let allow: (permission: string, resource: string) => boolean;
  let topic: TestTopic;
  let errors: unknown[];
  let opened: Secrets[];
  let secrets: Secrets;

  const open = async (options: Partial<SecretManagerOptions> = {}) => {
    const one = await openSecretManagerSecrets({
      projectId: PROJECT,
      endpoint: server.endpoint,
      timeoutMs: 3_000,
      onError: (error) => errors.push(error),
      ...options,
    });
    opened.push(one);
    return one;
  };
  const callsOf = (method: string) => server.calls.filter((call) => call.method === method);
  const unavailable = () => new GrpcStatus(Code.UNAVAILABLE, 'The service is away.');

  beforeEach(async () => {
    errors = [];
    opened = [];
    topic = new TestTopic();
    allow = () => true;
    server = await startSecretManagerServer({
      projectId: PROJECT,
      projectNumber: NUMBER,
      maxPageSize: 2,
      onNotification: topic.publish,
      allow: (permission, resource) => allow(permission, resource),
    });
    secrets = await open();
  });
  afterEach(async () => {
    await Promise.all(opened.map((one) => one.close()));
    await server.stop();
  });

  describe('creation', () => {
    it('names the secret by its reference, with the tenant as its label', async () => {
      await secrets.create(REF, 'v');
      expect(server.store.find(ID)).toMatchObject({
        replication: { automatic: {} },
        labels: { tenant: 'acme' },
        topics: [],
      });
    });

    it('sets regions and the topic of notifications', async () => {
      const regional = await open({
        replication: ['europe-west1', 'europe-west4'],
        notificationTopic: TOPIC,
      });
      await regional.create(REF, 'v');
      expect(server.store.find(ID)).toMatchObject({
        replication: {
          userManaged: { replicas: [{ location: 'europe-west1' }, { location: 'europe-west4' }] },
        },
        topics: [{ name: TOPIC }],
      });
    });

    it.each(['tenants/Acme/x', `tenants/${'a'.repeat(64)}/x`, 'tenants/acme', 'platform/key'])(
      'sets no label where none fits: %s',
      async (ref) => {
        await secrets.create(ref, 'v');
        expect(server.store.list()[0]?.labels).toEqual({});
      },
    );

    it('sends a checksum with the value, and Google’s routing header', async () => {
      await secrets.create(REF, '123456789');
      expect(callsOf('AddSecretVersion')).toMatchObject([
        {
          request: { payload: { dataCrc32c: String(0xe3069283) } },
          metadata: {
            'x-goog-request-params': `parent=projects%2F${PROJECT}%2Fsecrets%2F${ID}`,
          },
        },
      ]);
    });

    it('takes up a secret that was left without a version', async () => {
      server.next('AddSecretVersion', unavailable());
      await expect(secrets.create(REF, 'one')).rejects.toThrow(SecretsUnavailable);
      expect(server.store.find(ID).versions).toHaveLength(0);
      await expect(secrets.access(REF)).rejects.toThrow(SecretNotFound);
      expect(await secrets.create(REF, 'two')).toMatchObject({ version: 1 });
      expect(await secrets.access(REF)).toBe('two');
    });

    it('is refused when only a destroyed version is left', async () => {
      await secrets.create(REF, 'one');
      await secrets.destroy(REF, 1);
      await expect(secrets.create(REF, 'two')).rejects.toThrow(SecretExists);
    });

    it('lets one of two processes win, and destroys what the other stored', async () => {
      const other = await open();
      // The first creator is held up until the second has seen a secret without a version.
      const seen = Promise.withResolvers<void>();
      server.next('CreateSecret', (answer) => seen.promise.then(() => answer));
      server.next('ListSecretVersions', (answer) => {
        seen.resolve();
        return answer;
      });
      const first = secrets.create(REF, 'first');
      await expect.poll(() => callsOf('CreateSecret')).toHaveLength(1);
      const results = await Promise.allSettled([first, other.create(REF, 'second')]);
      const won = results.findIndex(({ status }) => status === 'fulfilled');
      expect(results[1 - won]).toMatchObject({ reason: expect.any(SecretExists) });
      expect(await secrets.access(REF)).toBe(['first', 'second'][won]);
      expect((await secrets.versions(REF)).map(({ version, state }) => [version, state])).toEqual([
        [2, 'destroyed'],
        [1, 'enabled'],
      ]);
    });

    it('tells the operator of a value that could not be destroyed', async () => {
      server.next('ListSecretVersions', (answer) => ({ ...answer, versions: [] }));
      server.always('DestroySecretVersion', new GrpcStatus(Code.PERMISSION_DENIED, 'No.'));
      await secrets.create(REF, 'first');
      await expect(secrets.create(REF, 'second')).rejects.toThrow(SecretExists);
      expect(errors).toMatchObject([{ message: expect.stringContaining('versions.destroy') }]);
    });

    it('refuses a reference whose id is too long', async () => {
      await expect(secrets.create('_'.repeat(150), 'v')).rejects.toThrow(InvalidRequest);
      expect(server.calls).toEqual([]);
    });
  });

  describe('reading', () => {
    it('reads the newest enabled version, over pages of older ones', async () => {
      await secrets.create(REF, 'one');
      for (const value of ['two', 'three', 'four', 'five']) await secrets.addVersion(REF, value);
      for (const version of [2, 3, 4]) await secrets.disable(REF, version);
      await secrets.destroy(REF, 5);
      expect(await secrets.access(REF)).toBe('one');
      expect(callsOf('ListSecretVersions').map(({ request }) => request.pageToken)).toEqual([
        '',
        'after-2',
        'after-4',
      ]);
      expect((await secrets.versions(REF)).map(({ version }) => version)).toEqual([5, 4, 3, 2, 1]);
    });

    it('makes one call for a secret whose newest version is enabled', async () => {
      await secrets.create(REF, 'one');
      const before = server.calls.length;
      await secrets.access(REF);
      await secrets.access(REF, 1);
      expect(server.calls.slice(before).map(({ method }) => method)).toEqual([
        'AccessSecretVersion',
        'AccessSecretVersion',
      ]);
    });

    const spoil = (answer: { payload: { data: Buffer; dataCrc32c: string } }) => ({
      ...answer,
      payload: { ...answer.payload, dataCrc32c: '1' },
    });

    it('reads again what was damaged on the way', async () => {
      await secrets.create(REF, 'one');
      server.next('AccessSecretVersion', spoil);
      expect(await secrets.access(REF)).toBe('one');
    });

    it.each([
      { name: 'a wrong checksum', change: spoil },
      { name: 'no payload', change: () => ({}) },
      {
        name: 'a changed value',
        change: (answer: Parameters<typeof spoil>[0]) => ({
          ...answer,
          payload: { ...answer.payload, data: Buffer.from('very privatf') },
        }),
      },
    ])('refuses $name', async ({ change }) => {
      await secrets.create(REF, 'very private');
      server.always('AccessSecretVersion', change);
      const failure = secrets.access(REF);
      await expect(failure).rejects.toThrow(SecretUnreadable);
      await expect(failure).rejects.toThrow(/checksum/);
    });

    it('refuses what someone stored that is not text', async () => {
      await secrets.create(REF, 'one');
      server.store.addVersion(ID, { data: Buffer.from([0x80, 0x81]) });
      await expect(secrets.access(REF)).rejects.toThrow(/not UTF-8/);
    });

    it('reads what someone stored by hand, without a checksum', async () => {
      await secrets.create(REF, 'one');
      server.store.addVersion(ID, { data: Buffer.from('by hand') });
      expect(await secrets.access(REF)).toBe('by hand');
    });
  });

  describe('states', () => {
    it('can be set twice', async () => {
      await secrets.create(REF, 'one');
      await secrets.disable(REF, 1);
      await secrets.disable(REF, 1);
      await secrets.enable(REF, 1);
      await secrets.destroy(REF, 1);
      await secrets.destroy(REF, 1);
      await expect(secrets.disable(REF, 1)).rejects.toThrow(/is destroyed/);
    });

    it('is set although the answer was lost', async () => {
      await secrets.create(REF, 'one');
      server.next('DestroySecretVersion', 'answer lost');
      await secrets.destroy(REF, 1);
      expect(server.store.find(ID).versions[0]?.state).toBe('DESTROYED');
    });
  });

  describe('failures', () => {
    it.each([
      { method: 'AccessSecretVersion', act: () => secrets.access(REF), times: 3 },
      { method: 'ListSecretVersions', act: () => secrets.versions(REF), times: 3 },
      { method: 'EnableSecretVersion', act: () => secrets.enable(REF, 1), times: 3 },
      { method: 'AddSecretVersion', act: () => secrets.addVersion(REF, 'v'), times: 1 },
    ])(
      'makes $method $times times when it is unavailable twice',
      async ({ method, act, times }) => {
        await secrets.create(REF, 'one');
        const before = callsOf(method).length;
        server.next(method, unavailable(), unavailable());
        const result = act();
        if (times === 1) await expect(result).rejects.toThrow(SecretsUnavailable);
        else await result;
        expect(callsOf(method)).toHaveLength(before + times);
      },
    );

    it('says nothing of a version that was added while its answer was lost', async () => {
      await secrets.create(REF, 'one');
      const told: string[] = [];
      await secrets.watch((ref) => told.push(ref));
      server.next('AddSecretVersion', 'answer lost');
      await expect(secrets.addVersion(REF, 'two')).rejects.toThrow(SecretsUnavailable);
      expect(server.store.find(ID).versions).toHaveLength(2);
      expect(told).toEqual([REF]);
    });

    it.each([
      { name: 'access', act: (one: Secrets) => one.access(REF) },
      { name: 'create', act: (one: Secrets) => one.create(REF, 'v') },
      { name: 'addVersion', act: (one: Secrets) => one.addVersion(REF, 'v') },
      { name: 'versions', act: (one: Secrets) => one.versions(REF) },
      { name: 'destroy', act: (one: Secrets) => one.destroy(REF, 1) },
      { name: 'check', act: (one: Secrets) => one.check() },
    ])('ends $name in time when Secret Manager is silent', async ({ act }) => {
      server.always('*', 'silent');
      const hurried = await open({ timeoutMs: 300 });
      const startMs = performance.now();
      await expect(act(hurried)).rejects.toThrow(SecretsUnavailable);
      expect(performance.now() - startMs).toBeLessThan(1_500);
    });

    it.each([Code.RESOURCE_EXHAUSTED, Code.INTERNAL, Code.DEADLINE_EXCEEDED, Code.ABORTED])(
      'is unavailable after code %i',
      async (code) => {
        server.always('AccessSecretVersion', new GrpcStatus(code, 'Something.'));
        await expect(secrets.access(REF)).rejects.toThrow(SecretsUnavailable);
        await expect(secrets.access(REF)).rejects.toThrow(new RegExp(`${Code[code]}`));
      },
    );

    it('comes back when Secret Manager does', async () => {
      await secrets.create(REF, 'one');
      const { port } = server.endpoint;
      await server.stop();
      await expect(secrets.access(REF)).rejects.toThrow(SecretsUnavailable);
      const { store } = server;
      server = await startSecretManagerServer({ projectId: PROJECT, port });
      server.store.create(ID, { replication: { automatic: {} } });
      server.store.addVersion(ID, { data: store.find(ID).versions[0]?.data });
      await expect.poll(() => secrets.access(REF).catch(() => ''), { timeout: 10_000 }).toBe('one');
    });

    it.each([
      {
        permission: 'secrets.create',
        act: () => secrets.create('new', 'v'),
        on: `projects/${NUMBER}`,
      },
      { permission: 'versions.add', act: () => secrets.addVersion(REF, 'v'), on: ID },
      {
        permission: 'versions.access',
        act: () => secrets.access(REF),
        on: `${ID}/versions/latest`,
      },
      { permission: 'versions.list', act: () => secrets.versions(REF), on: ID },
      {
        permission: 'versions.disable',
        act: () => secrets.disable(REF, 1),
        on: `${ID}/versions/1`,
      },
      { permission: 'versions.enable', act: () => secrets.enable(REF, 1), on: `${ID}/versions/1` },
      {
        permission: 'versions.destroy',
        act: () => secrets.destroy(REF, 1),
        on: `${ID}/versions/1`,
      },
      {
        permission: 'versions.access',
        act: () => secrets.check(),
        on: 'tributary_-_-check/versions/latest',
      },
    ])(
      'names the missing permission $permission and its resource',
      async ({ permission, act, on }) => {
        await secrets.create(REF, 'one');
        allow = (asked) => asked !== `secretmanager.${permission}`;
        const failure = await act().catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(PermissionMissing);
        expect(String(failure)).toContain(`lacks secretmanager.${permission} on `);
        expect(String(failure)).toContain(on);
      },
    );

    it('names a wrong project, and an API that is not enabled', async () => {
      const elsewhere = await open({ projectId: 'other-project' });
      await expect(elsewhere.access(REF)).rejects.toThrow(ResourceMissing);
      await expect(elsewhere.check()).rejects.toThrow(/projects\/other-project/);
      const info = { reason: 'SERVICE_DISABLED', domain: 'googleapis.com' };
      server.always('*', new GrpcStatus(Code.PERMISSION_DENIED, 'Disabled.', info));
      await expect(secrets.check()).rejects.toThrow(/secretmanager.googleapis.com/);
    });

    it('names credentials that are not accepted', async () => {
      server.always('*', new GrpcStatus(Code.UNAUTHENTICATED, 'Invalid credentials.'));
      await expect(secrets.check()).rejects.toThrow(PermissionMissing);
    });

    it('blames nobody for a request that Secret Manager does not understand', async () => {
      const wrong = await open({ replication: ['Atlantis'] });
      await expect(wrong.create(REF, 'v')).rejects.toThrow(InternalError);
    });

    it('refuses use once it is closed', async () => {
      await secrets.close();
      await expect(secrets.access(REF)).rejects.toThrow(ShuttingDown);
      await expect(secrets.create(REF, 'v')).rejects.toThrow(ShuttingDown);
      await expect(secrets.check()).rejects.toThrow(ShuttingDown);
    });
  });

  describe('a condition on the name', () => {
    it("opens one tenant's secrets and no other's", async () => {
      const names = ['acme', 'acme-eu', 'acm', 'acme_', 'ACME'];
      for (const name of names) await secrets.create(`tenants/${name}/x`, name);
      const start = `projects/${NUMBER}/secrets/${encodePath('tributary/tenants/acme/')}`;
      allow = (_, resource) => resource.startsWith(start);
      expect(await secrets.access('tenants/acme/x')).toBe('acme');
      for (const name of names.slice(1)) {
        await expect(secrets.access(`tenants/${name}/x`)).rejects.toThrow(PermissionMissing);
      }
    });

    it('on the prefix of the installation is enough for check', async () => {
      allow = (_, resource) => resource.startsWith(`projects/${NUMBER}/secrets/tributary_-`);
      await secrets.check();
    });
  });

  describe('watching', () => {
    it('tells of changes made elsewhere, by every attribute that Google may send', async () => {
      const watcher = await open({ watchTopic: topic.watch });
      const told: string[] = [];
      const watch = await watcher.watch((ref) => told.push(ref));
      topic.publish({ attributes: { eventType: 'SECRET_VERSION_ADD', secretId: ID } });
      topic.publish({ attributes: { secretId: `projects/${NUMBER}/secrets/${ID}` } });
      for (const secretId of ['', 'other_-x', 'tributary-eu_-x', `${ID}_`, `a/b/${ID}`]) {
        topic.publish({ attributes: { secretId } });
      }
      topic.publish({ attributes: {} });
      expect(told).toEqual([REF, REF]);
      await watch.close();
      expect(topic.watched).toBe(0);
    });

    it('tells of each change of a version in another process, and of a deletion', async () => {
      const other = await open({ notificationTopic: TOPIC });
      const watcher = await open({ watchTopic: topic.watch });
      await other.create(REF, 'one');
      let told = 0;
      await watcher.watch((ref) => {
        if (ref === REF) told += 1;
      });
      const changes = [
        () => other.addVersion(REF, 'two'),
        () => other.disable(REF, 2),
        () => other.enable(REF, 2),
        () => other.destroy(REF, 2),
      ];
      for (const [index, change] of changes.entries()) {
        await change();
        expect(told).toBe(index + 1);
      }
    });

    it('tells of own changes without a topic', async () => {
      const told: string[] = [];
      await secrets.watch((ref) => told.push(ref));
      await secrets.create(REF, 'one');
      await secrets.access(REF);
      expect(told).toEqual([REF]);
    });
  });

  describe('values', () => {
    const MARKER = 'very-private-marker';
    /** Everything that can be seen of an error by who prints, logs or walks it. */
    const seen = (error: unknown): string => {
      const texts = [inspect(error, { depth: null, showHidden: true, getters: true })];
      for (let one = error; one instanceof Error; one = one.cause) {
        texts.push(String(one.stack), JSON.stringify(one, Object.getOwnPropertyNames(one)));
      }
      return texts.join('\n');
    };
    const hidden = [
      MARKER,
      Buffer.from(MARKER).toString('base64'),
      Buffer.from(MARKER).toString('hex'),
      // As JSON and inspect write bytes.
      [...Buffer.from(MARKER)].join(),
      [...Buffer.from(MARKER)].join(', '),
    ];
    const expectHidden = (text: string) => {
      for (const one of hidden) expect(text).not.toContain(one);
      expect(text).not.toContain(inspect(Buffer.from(MARKER)).slice(8, 40));
    };

    it.each([
      { name: 'refused, with the value in the answer', fault: echo(Code.INVALID_ARGUMENT) },
      { name: 'denied, with the value in the answer', fault: echo(Code.PERMISSION_DENIED) },
      { name: 'failed, with the value in the answer', fault: echo(Code.INTERNAL) },
      { name: 'not found, with the value in the answer', fault: echo(Code.NOT_FOUND) },
      { name: 'silent', fault: 'silent' as const },
      { name: 'lost', fault: 'answer lost' as const },
    ])('are in no error of a version that is $name', async ({ fault }) => {
      const hurried = await open({ timeoutMs: 300 });
      await hurried.create(REF, 'one');
      server.next('AddSecretVersion', fault);
      expectHidden(seen(await hurried.addVersion(REF, MARKER).catch((error: unknown) => error)));
      server.next('AddSecretVersion', fault);
      expectHidden(seen(await hurried.create('new', MARKER).catch((error: unknown) => error)));
    });

    it('are in no error of reading', async () => {
      await secrets.create(REF, MARKER);
      server.always('AccessSecretVersion', (answer) => ({
        ...answer,
        payload: { ...answer.payload, dataCrc32c: '7' },
      }));
      expectHidden(seen(await secrets.access(REF).catch((error: unknown) => error)));
      await secrets.disable(REF, 1);
      expectHidden(seen(await secrets.access(REF, 1).catch((error: unknown) => error)));
    });

    it('are not written by the logging of Google’s clients', async () => {
      vi.stubEnv('GOOGLE_SDK_NODE_LOGGING', 'all');
      const written: string[] = [];
      for (const stream of [process.stderr, process.stdout]) {
        vi.spyOn(stream, 'write').mockImplementation((text) => written.push(String(text)) > 0);
      }
      for (const method of ['log', 'error', 'warn', 'info', 'debug'] as const) {
        vi.spyOn(console, method).mockImplementation((...texts) => written.push(texts.join()) > 0);
      }
      try {
        const logged = await open();
        await logged.create(REF, MARKER);
        expect(await logged.access(REF)).toBe(MARKER);
        expectHidden(written.join('\n'));
        // Calls of the client's own methods are written, with the value.
        const client = new SecretManagerServiceClient(clientOptions(PROJECT, server.endpoint));
        await client.accessSecretVersion({ name: `projects/${PROJECT}/secrets/${ID}/versions/1` });
        expect(written.join('\n')).toContain([...Buffer.from(MARKER)].join());
        await client.close();
        await logged.close();
      } finally {
        vi.restoreAllMocks();
        vi.unstubAllEnvs();
      }
    });

    function echo(code: Code): GrpcStatus {
      return new GrpcStatus(code, `Cannot take ${MARKER}.`, {
        reason: MARKER,
        domain: MARKER,
        metadata: { [MARKER]: MARKER },
      });
    }
  });
});
