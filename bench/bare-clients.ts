// The reference of `bench -- start`: Fastify, and Google's and Postgres' clients imported as people do.
import '@google-cloud/bigquery';
import '@google-cloud/bigquery-storage';
import '@google-cloud/pubsub';
import '@google-cloud/scheduler';
import '@google-cloud/secret-manager';
import fastify from 'fastify';
import 'pg';

const server = fastify();
server.get('/', async () => 'ok');
await server.listen({ host: '127.0.0.1', port: 0 });
console.log('"msg":"Ready"');
process.on('SIGTERM', () => process.exit(0));
