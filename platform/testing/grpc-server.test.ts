// Real: the kit, grpc-js as its client. Doubled: nothing.
import { status as Code, credentials, makeClientConstructor } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GrpcServer, loadFields, loadService, startGrpcServer } from './grpc-server.ts';
import { GrpcStatus } from './grpc-status.ts';

const SOURCE = {
  clientPackage: '@google-cloud/scheduler',
  protoFile: 'google/cloud/scheduler/v1/cloudscheduler.proto',
  service: 'google.cloud.scheduler.v1.CloudScheduler',
};

describe('grpc server', () => {
  let server: GrpcServer;
  let done: number;
  // biome-ignore lint/suspicious/noExplicitAny: a client made from the protocol has no types
  let client: any;

  beforeEach(async () => {
    done = 0;
    server = await startGrpcServer({
      source: SOURCE,
      unary: {
        GetJob({ name }) {
          done += 1;
          if (name === 'broken') throw new Error('A fault of the handler.');
          return { name };
        },
      },
    });
    const { host, port } = server.endpoint;
    const Client = makeClientConstructor(loadService(SOURCE), 'CloudScheduler');
    client = new Client(`${host}:${port}`, credentials.createInsecure());
  });
  afterEach(async () => {
    client.close();
    await server.stop();
  });

  const call = (method = 'GetJob', name = 'a', deadlineMs = 2_000) =>
    new Promise((resolve, reject) => {
      const deadline = Date.now() + deadlineMs;
      client[method]({ name }, { deadline }, (error: unknown, answer: unknown) =>
        error ? reject(error) : resolve(answer),
      );
    });

  it('answers by its handler, and keeps what it was asked', async () => {
    expect(await call()).toMatchObject({ name: 'a' });
    expect(server.calls).toMatchObject([{ method: 'GetJob', request: { name: 'a' } }]);
  });

  it('answers UNIMPLEMENTED where there is no handler, INTERNAL where that fails', async () => {
    await expect(call('RunJob')).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
    await expect(call('GetJob', 'broken')).rejects.toMatchObject({ code: Code.INTERNAL });
  });

  it('goes wrong once for each fault, then for as long as it is told', async () => {
    const away = new GrpcStatus(Code.UNAVAILABLE, 'Away.');
    server.next('GetJob', away, (answer) => ({ ...answer, name: 'changed' }));
    await expect(call()).rejects.toMatchObject({ code: Code.UNAVAILABLE, details: 'Away.' });
    expect(await call()).toMatchObject({ name: 'changed' });
    expect(await call()).toMatchObject({ name: 'a' });
    server.always('*', away);
    for (let time = 0; time < 3; time += 1) await expect(call()).rejects.toThrow('Away.');
    server.heal();
    expect(await call()).toMatchObject({ name: 'a' });
  });

  it('does what is asked when only the answer is lost, and nothing when it is silent', async () => {
    server.next('GetJob', 'answer lost', 'silent');
    await expect(call()).rejects.toMatchObject({ code: Code.UNAVAILABLE });
    expect(done).toBe(1);
    await expect(call('GetJob', 'a', 100)).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    expect(done).toBe(1);
  });

  it('sends the reason of a refusal as Google does', async () => {
    const info = { reason: 'SOME_REASON', domain: 'googleapis.com', metadata: { a: 'b' } };
    server.next('GetJob', new GrpcStatus(Code.PERMISSION_DENIED, 'No.', info));
    const error = (await call().catch((one: unknown) => one)) as GrpcStatus;
    const [bytes] = error.metadata.get('grpc-status-details-bin');
    expect(String(bytes)).toContain('type.googleapis.com/google.rpc.ErrorInfo');
    expect(String(bytes)).toContain('SOME_REASON');
  });

  it('ends with calls under way', async () => {
    server.always('GetJob', 'silent');
    const waiting = call();
    waiting.catch(() => undefined);
    await expect.poll(() => server.calls).toHaveLength(1);
    await server.stop();
    await expect(waiting).rejects.toMatchObject({ code: Code.CANCELLED });
  });

  it('refuses handlers of methods that the service has not', async () => {
    const wrong = startGrpcServer({ source: SOURCE, unary: { GetJobs: () => ({}) } });
    await expect(wrong).rejects.toThrow(/has no method GetJobs/);
  });

  it('reads protocols of every client, and the names of fields', () => {
    const storage = {
      clientPackage: '@google-cloud/bigquery-storage',
      protoFile: 'google/cloud/bigquery/storage/v1/storage.proto',
      service: 'google.cloud.bigquery.storage.v1.BigQueryWrite',
    };
    expect(loadService(storage)).toHaveProperty('AppendRows');
    const pubsub = {
      clientPackage: '@google-cloud/pubsub-api',
      protoFile: 'google/pubsub/v1/pubsub.proto',
      service: 'google.pubsub.v1.Subscriber',
    };
    expect(loadService(pubsub)).toHaveProperty('StreamingPull');
    expect(loadFields(SOURCE, 'google.cloud.scheduler.v1.Job')).toContain('http_target');
    expect(() => loadService({ ...SOURCE, service: 'no.Such' })).toThrow(/declares no service/);
    expect(() => loadFields(SOURCE, 'no.Such')).toThrow(/declares no message/);
  });
});
