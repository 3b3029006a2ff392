// Real: the files and libraries of the image, Node, the start. See image.ts for what is not.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/embedded-drivers.ts';
import { type Image, layOutImage } from './image.ts';

let stack: AsyncDisposableStack;
let image: Image;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  image = await layOutImage(await temporaryFolder(stack));
});
afterAll(() => stack.disposeAsync());

function start(env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [...image.nodeArgs], {
    cwd: image.dir,
    // Without npm and without PATH: the start needs neither.
    env: { ...image.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  stack.defer(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  return { child, lines, exit: once(child, 'exit') };
}

describe('the image', () => {
  it('runs as a user without rights, on the Node that the product is tested with', async () => {
    const dockerfile = await readFile(join(import.meta.dirname, '../../Dockerfile'), 'utf8');
    const major = process.versions.node.split('.')[0];
    expect(image.user).toBe('node');
    expect(dockerfile.match(/^FROM \S+/gm)).toEqual([
      `FROM node:${major}-slim`,
      `FROM node:${major}-slim`,
    ]);
    expect(dockerfile).toMatch(/^RUN npm ci --omit=dev/m);
  });

  it('is compiled at build time, with the flags of the start', async () => {
    const cache = await temporaryFolder(stack);
    const { compileArgs, nodeArgs } = image;
    const flags = nodeArgs.slice(0, nodeArgs.indexOf('cli/main.ts'));
    expect(compileArgs.slice(0, flags.length)).toEqual(flags);
    await promisify(execFile)(process.execPath, compileArgs, {
      cwd: image.dir,
      env: { ...image.env, NODE_COMPILE_CACHE: cache },
    });
    const compiled = await readdir(cache, { recursive: true });
    expect(compiled.length).toBeGreaterThan(500);
  }, 60_000);

  it('serves from the files it holds, and drains at SIGTERM', async () => {
    const dataDir = await temporaryFolder(stack);
    const { child, lines, exit } = start({
      TRIBUTARY_PLATFORM: 'embedded',
      TRIBUTARY_HOST: '127.0.0.1',
      TRIBUTARY_PORT: '0',
      TRIBUTARY_DATA_DIR: join(dataDir, 'data'),
      TRIBUTARY_KEY_DIR: join(dataDir, 'keys'),
    });
    const ready = () => lines.find((line) => line.includes('"msg":"Ready"'));
    await expect.poll(ready, { timeout: 30_000, message: lines.join('\n') }).toBeDefined();
    const { url } = JSON.parse(ready() ?? '{}') as { url: string };
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const startedAt = performance.now();
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  }, 60_000);

  it('loads all of Google Cloud, and says what its configuration lacks', async () => {
    const bare = start({});
    expect(await bare.exit).toEqual([1, null]);
    expect(bare.lines.join('\n')).toMatch(/GOOGLE_CLOUD_PROJECT, .*\[invalid_config\]/);
    // Far enough to open every driver: then there is no Postgres.
    const lost = start({
      TRIBUTARY_ROLE: 'worker',
      TRIBUTARY_PORT: '0',
      GOOGLE_CLOUD_PROJECT: 'acme-events',
      TRIBUTARY_PUBLIC_URL: 'https://hooks.example.com',
      TRIBUTARY_WORKER_URL: 'http://127.0.0.1:1',
      TRIBUTARY_TASK_ACCOUNT: 'scheduler@acme-events.iam.gserviceaccount.com',
      PGHOST: '127.0.0.1',
      PGPORT: '1',
      PUBSUB_EMULATOR_HOST: '127.0.0.1:1',
      BIGQUERY_EMULATOR_HOST: '127.0.0.1:1',
      BIGQUERY_STORAGE_EMULATOR_HOST: '127.0.0.1:1',
      SECRET_MANAGER_EMULATOR_HOST: '127.0.0.1:1',
      CLOUD_SCHEDULER_EMULATOR_HOST: '127.0.0.1:1',
    });
    expect(await lost.exit).toEqual([1, null]);
    expect(lost.lines.join('\n')).toMatch(/\[database_unavailable\]/);
  }, 60_000);
});
