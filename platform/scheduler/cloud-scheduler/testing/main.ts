import { parseArgs } from 'node:util';
import { startCloudSchedulerServer } from './server.ts';

/**
 * Runs the stand-in for Cloud Scheduler in a process of its own, until SIGTERM or SIGINT:
 *
 *     node platform/scheduler/cloud-scheduler/testing/main.ts --project my-project --port 9071 --jwks-port 9072
 *
 * The keys of its tokens are at `http://127.0.0.1:9072/oauth2/v3/certs`.
 */
const { values } = parseArgs({
  options: {
    project: { type: 'string', default: 'my-project' },
    location: { type: 'string', default: 'us-central1' },
    port: { type: 'string', default: '0' },
    'jwks-port': { type: 'string', default: '0' },
  },
});
const server = await startCloudSchedulerServer({
  projectId: values.project,
  location: values.location,
  port: Number(values.port),
  jwksPort: Number(values['jwks-port']),
});
console.log(JSON.stringify({ ...server.endpoint, jwksUrl: server.issuer.jwksUrl }));
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void server.stop().then(() => process.exit(0)));
}
