import { parseArgs } from 'node:util';
import { PubSub } from '@google-cloud/pubsub';
import { startSecretManagerServer } from './server.ts';

/**
 * Runs the stand-in for Secret Manager in a process of its own, until SIGTERM or SIGINT:
 *
 *     node platform/secrets/secret-manager/testing/main.ts --project my-project --port 9070
 *
 * With `--pubsub host:port` it publishes its notifications to that Pub/Sub emulator.
 */
const { values } = parseArgs({
  options: {
    project: { type: 'string', default: 'my-project' },
    port: { type: 'string', default: '0' },
    pubsub: { type: 'string' },
  },
});
const pubsub =
  values.pubsub === undefined
    ? undefined
    : new PubSub({ projectId: values.project, apiEndpoint: values.pubsub, emulatorMode: true });
const server = await startSecretManagerServer({
  projectId: values.project,
  port: Number(values.port),
  onNotification({ topic, attributes, data }) {
    pubsub
      ?.topic(topic)
      .publishMessage({ attributes, data: Buffer.from(data) })
      .catch((error: unknown) => console.error(String(error)));
  },
});
console.log(JSON.stringify(server.endpoint));
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void Promise.all([server.stop(), pubsub?.close()]).then(() => process.exit(0));
  });
}
