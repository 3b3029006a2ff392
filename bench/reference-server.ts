// What the product is measured against. `bare` only answers; `verify` also checks the HubSpot
// signature and parses the body, and keeps nothing. Prints the port once it listens.
import { createHmac, timingSafeEqual } from 'node:crypto';
import fastify, { LogController } from 'fastify';

const [kind, secret = ''] = process.argv.slice(2);
const app = fastify({
  logController: new LogController({ disableRequestLogging: true }),
  bodyLimit: 4 * 1024 * 1024,
});
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

let origin = '';
app.post('/webhooks/:provider/:connectionId', async (request, reply) => {
  if (kind === 'verify') {
    const timestamp = String(request.headers['x-hubspot-request-timestamp']);
    const expected = createHmac('sha256', secret)
      .update(`POST${origin}${request.raw.url}`)
      .update(request.body as Buffer)
      .update(timestamp)
      .digest();
    const given = Buffer.from(String(request.headers['x-hubspot-signature-v3']), 'base64');
    const fresh = Math.abs(Date.now() - Number(timestamp)) <= 300_000;
    if (!fresh || given.length !== expected.length || !timingSafeEqual(given, expected)) {
      return reply.code(401).send('');
    }
    const events = JSON.parse((request.body as Buffer).toString()) as unknown[];
    return reply
      .header('content-type', 'application/json')
      .send(`{"accepted":${events.length},"duplicates":0,"skipped":0}`);
  }
  return reply.header('content-type', 'application/json').send('{"accepted":1}');
});

await app.listen({ host: '127.0.0.1', port: 0 });
const address = app.server.address();
const port = typeof address === 'object' && address ? address.port : 0;
origin = `http://127.0.0.1:${port}`;
console.log(port);
