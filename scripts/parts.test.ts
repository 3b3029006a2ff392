// Real: the script, in processes of its own. Doubled: Go, by a script that notes that it was called.
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PUBSUB_EMULATOR } from '#platform/bus/pubsub/testing/emulator.ts';
import { OPENSSL } from '#platform/database/postgres/testing/fake-cloud-sql.ts';
import { POSTGRES } from '#platform/database/postgres/testing/server.ts';
import { BIGQUERY_EMULATOR } from '#platform/warehouse/bigquery/testing/emulator.ts';

const SCRIPT = join(import.meta.dirname, 'parts.mjs');

interface Answer {
  readonly code: number;
  readonly output: string;
}

function run(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Answer> {
  return new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT, ...args], { env }, (error, output) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output });
    });
  });
}

function placeOf(name: string, output: string): string | undefined {
  const rows = output.split('\n').map((line) => line.split(/ {2,}/));
  return rows.find(([first]) => first === name)?.[1];
}

describe('npm run parts', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tributary-parts-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('finds what the suites find', async () => {
    const { output } = await run(['--check']);
    const parts = {
      PostgreSQL: POSTGRES,
      openssl: OPENSSL,
      'BigQuery emulator': BIGQUERY_EMULATOR,
    };
    for (const [name, part] of Object.entries(parts)) {
      expect(`${name}: ${placeOf(name, output)}`).toBe(`${name}: ${part.find() ?? 'missing'}`);
    }
    // Without Java the suite does not look for the jar.
    if (placeOf('Java', output) !== 'missing') {
      expect(placeOf('Pub/Sub emulator', output)).toBe(PUBSUB_EMULATOR.find() ?? 'missing');
    }
  });

  it('ends with 1 and a line on how to get it when something is missing', async () => {
    const { code, output } = await run(['--check'], { HOME: dir, PATH: dir });
    expect(code).toBe(1);
    expect(output).toMatch(/^Terraform is missing\. Get https:/m);
    expect(output).toMatch(/^BigQuery emulator is missing\. Get Go /m);
  });

  it('builds the emulator when there is none and again when the pin has changed', async () => {
    const calls = join(dir, 'calls');
    // PATH holds nothing else: apt-get least of all.
    const build = `echo "$GOTOOLCHAIN $7" >> ${calls}; : > "$6"; /bin/chmod +x "$6"`;
    await writeFile(join(dir, 'go'), `#!/bin/sh\n${build}\n`);
    await chmod(join(dir, 'go'), 0o755);
    const env = { HOME: dir, PATH: dir };
    const bin = join(dir, '.cache', 'tributary', 'bin');
    const built = 'local github.com/goccy/bigquery-emulator/cmd/bigquery-emulator\n';

    expect((await run([], env)).output).toMatch(/^BigQuery emulator .* v0/m);
    expect(await readFile(calls, 'utf8')).toBe(built);
    await run([], env);
    expect(await readFile(calls, 'utf8')).toBe(built);

    await writeFile(join(bin, 'bigquery-emulator.version'), 'v0.0.1\n');
    await run([], env);
    expect(await readFile(calls, 'utf8')).toBe(built.repeat(2));
  });

  it('leaves what there was when the build fails', async () => {
    const bin = join(dir, '.cache', 'tributary', 'bin');
    await mkdir(bin, { recursive: true });
    await writeFile(join(bin, 'bigquery-emulator'), 'by hand');
    await writeFile(join(dir, 'go'), '#!/bin/sh\nexit 1\n');
    await chmod(join(dir, 'go'), 0o755);
    const { code, output } = await run([], { HOME: dir, PATH: dir });
    expect(code).toBe(1);
    expect(output).toMatch(/BigQuery emulator: it was not built/);
    expect(await readFile(join(bin, 'bigquery-emulator'), 'utf8')).toBe('by hand');
  });
});
