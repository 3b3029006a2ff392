import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startHubspotSandbox } from './sandbox.ts';

const USAGE = `A HubSpot on this machine: it sends signed webhooks when told to.

  node adapters/hubspot/sandbox/main.ts --target URL --secret-file FILE
      [--portal-id N] [--seed N] [--port N] [--time-scale N] [--concurrency N]

  curl -d '{"count":10}' http://127.0.0.1:PORT/sandbox/emit
  curl http://127.0.0.1:PORT/sandbox/stats
`;

/** Reads the options, starts the sandbox, and prints the address of its control surface. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      target: { type: 'string' },
      'secret-file': { type: 'string' },
      'portal-id': { type: 'string' },
      seed: { type: 'string' },
      port: { type: 'string' },
      'time-scale': { type: 'string' },
      concurrency: { type: 'string' },
    },
  });
  const { target, 'secret-file': secretFile } = values;
  if (target === undefined || secretFile === undefined) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  const sandbox = await startHubspotSandbox({
    targetUrl: target,
    secret: readFileSync(secretFile, 'utf8').trim(),
    portalId: numberOption(values['portal-id'], 62515),
    seed: numberOption(values.seed, 1),
    controlPort: numberOption(values.port, 0),
    timeScale: numberOption(values['time-scale'], 1),
    maxConcurrentRequests: numberOption(values.concurrency, 10),
  });
  process.stdout.write(`${JSON.stringify({ control_url: sandbox.controlUrl })}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void sandbox.close());
  }
}

function numberOption(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^\d+(?:\.\d+)?$/.test(text)) throw new Error(`Not a number: ${text}\n\n${USAGE}`);
  return Number(text);
}

await main();
