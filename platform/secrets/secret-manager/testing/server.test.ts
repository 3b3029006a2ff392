// Real: Google's client, gRPC on the loopback interface, the stand-in for Secret Manager: that it
// refuses what Google's proto refuses, so that the driver's suite proves something.
import { crc32 } from 'node:zlib';
import { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { status as Code } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clientOptions } from '#platform/google/client-options.ts';
import { type SecretManagerServer, startSecretManagerServer } from './server.ts';

const PARENT = 'projects/my-project';
const NAME = `${PARENT}/secrets/one`;
const AUTOMATIC = { replication: { automatic: {} } };

let server: SecretManagerServer;
let client: SecretManagerServiceClient;

beforeEach(async () => {
  server = await startSecretManagerServer({ projectId: 'my-project', maxPageSize: 2 });
  client = new SecretManagerServiceClient(clientOptions('my-project', server.endpoint));
  await client.createSecret({ parent: PARENT, secretId: 'one', secret: AUTOMATIC });
  await client.addSecretVersion({ parent: NAME, payload: { data: Buffer.from('v') } });
});
afterEach(async () => {
  await client.close();
  await server.stop();
});

const create = (secretId: string, secret: object, parent = PARENT) =>
  client.createSecret({ parent, secretId, secret });
const add = (payload: object | null) => client.addSecretVersion({ parent: NAME, payload });

describe('stand-in for Secret Manager', () => {
  it.each([
    { name: 'an id with a dot', act: () => create('a.b', AUTOMATIC) },
    { name: 'an id that is too long', act: () => create('a'.repeat(256), AUTOMATIC) },
    { name: 'no replication', act: () => create('two', {}) },
    { name: 'no region', act: () => create('two', { replication: { userManaged: {} } }) },
    { name: 'a label in capitals', act: () => create('two', { ...AUTOMATIC, labels: { a: 'B' } }) },
    {
      name: 'a topic by its id',
      act: () => create('two', { ...AUTOMATIC, topics: [{ name: 't' }] }),
    },
    {
      name: 'eleven topics',
      act: () =>
        create('two', { ...AUTOMATIC, topics: Array(11).fill({ name: 'projects/p/topics/t' }) }),
    },
    { name: 'a malformed parent', act: () => create('two', AUTOMATIC, 'my-project') },
    { name: 'no payload', act: () => add(null) },
    { name: 'an empty payload', act: () => add({ data: Buffer.alloc(0) }) },
    { name: 'too large a payload', act: () => add({ data: Buffer.alloc(65_537, 'a') }) },
    {
      name: "zlib's checksum",
      act: () => add({ data: Buffer.from('v'), dataCrc32c: crc32('v') }),
    },
    {
      name: 'a malformed version',
      act: () => client.getSecretVersion({ name: `${NAME}/versions/x` }),
    },
  ])('refuses $name', async ({ act }) => {
    await expect(act()).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
  });

  it.each([
    { name: 'a secret twice', code: Code.ALREADY_EXISTS, act: () => create('one', AUTOMATIC) },
    {
      name: 'another project',
      code: Code.PERMISSION_DENIED,
      act: () => create('two', AUTOMATIC, 'projects/other'),
    },
    {
      name: 'an unknown secret',
      code: Code.NOT_FOUND,
      act: () => client.accessSecretVersion({ name: `${PARENT}/secrets/two/versions/latest` }),
    },
    {
      name: 'an unknown version',
      code: Code.NOT_FOUND,
      act: () => client.accessSecretVersion({ name: `${NAME}/versions/2` }),
    },
    {
      name: 'an older etag',
      code: Code.ABORTED,
      act: () => client.disableSecretVersion({ name: `${NAME}/versions/1`, etag: '"0"' }),
    },
  ])('answers to $name by code $code', async ({ code, act }) => {
    await expect(act()).rejects.toMatchObject({ code });
  });

  it('knows `latest` as the version created last, whatever its state', async () => {
    await add({ data: Buffer.from('w') });
    await client.disableSecretVersion({ name: `${NAME}/versions/2` });
    const reading = client.accessSecretVersion({ name: `${NAME}/versions/latest` });
    await expect(reading).rejects.toMatchObject({ code: Code.FAILED_PRECONDITION });
    await expect(reading).rejects.toThrow(/versions\/2\] is in DISABLED state/);
  });

  it('never brings back a destroyed version, nor uses its number again', async () => {
    const name = `${NAME}/versions/1`;
    await client.destroySecretVersion({ name });
    for (const act of [
      'enableSecretVersion',
      'disableSecretVersion',
      'destroySecretVersion',
    ] as const) {
      await expect(client[act]({ name })).rejects.toMatchObject({ code: Code.FAILED_PRECONDITION });
    }
    const [added] = await add({ data: Buffer.from('w') });
    expect(added.name).toMatch(/^projects\/\d+\/secrets\/one\/versions\/2$/);
  });

  it('lists in pages, the newest first, and ends at a deleted secret', async () => {
    for (const value of ['w', 'x']) await add({ data: Buffer.from(value) });
    const [all] = await client.listSecretVersions({ parent: NAME });
    expect(all.map(({ name }) => name?.split('/').at(-1))).toEqual(['3', '2', '1']);
    const pages = server.calls.filter(({ method }) => method === 'ListSecretVersions');
    expect(pages).toHaveLength(2);
    await client.deleteSecret({ name: NAME });
    await expect(client.getSecret({ name: NAME })).rejects.toMatchObject({ code: Code.NOT_FOUND });
  });
});
