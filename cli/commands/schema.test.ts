// Real: the command line in a process of its own. Doubled: BigQuery's REST API.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type RestStub,
  startRestStub,
} from '#platform/warehouse/bigquery/schema/testing/rest-stub.ts';
import { EXIT } from '../exit.ts';

const run = promisify(execFile);
const MAIN = join(import.meta.dirname, '..', 'main.ts');

describe('tributary schema', () => {
  let stub: RestStub;
  beforeAll(async () => {
    stub = await startRestStub();
  });
  afterAll(() => stub[Symbol.asyncDispose]());

  const tributary = async (env: NodeJS.ProcessEnv, ...args: string[]) => {
    const settings = {
      PATH: process.env.PATH,
      GOOGLE_CLOUD_PROJECT: 'test-project',
      BIGQUERY_EMULATOR_HOST: stub.restEndpoint.slice('http://'.length),
      METADATA_SERVER_DETECTION: 'none',
      ...env,
    };
    const ended = run(process.execPath, [MAIN, 'schema', ...args], { env: settings });
    return ended.then(
      ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
      ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
    );
  };

  it('apply says what it would do, does it, and then has nothing to do', async () => {
    const planned = await tributary({}, 'apply', '--dry-run');
    expect(planned).toMatchObject({
      code: EXIT.ok,
      stdout: expect.stringContaining('create dataset'),
    });
    expect(stub.dataset).toBeUndefined();
    const applied = await tributary({}, 'apply', '--json', '--reader', 'user:a@b', 'group:c@d');
    const { steps, dataset } = JSON.parse(applied.stdout);
    expect(dataset).toBe('test-project.tributary');
    expect(steps).toContainEqual({
      action: 'create',
      kind: 'row access policy',
      name: 'integration_events_outbox.readers',
      changes: [],
    });
    expect(stub.policies.get('webhook_requests')?.[0]?.grantees).toEqual(['user:a@b', 'group:c@d']);
    const again = await tributary({}, 'apply');
    expect(again.stdout).toMatch(
      /^Nothing to do: test-project\.tributary is up to date\.\nRow access was left/,
    );
  });

  it('apply takes the dataset from arguments, then from the environment', async () => {
    const env = { TRIBUTARY_BIGQUERY_DATASET: 'other' };
    await tributary(env, 'apply', '--dry-run');
    expect(stub.calls.at(-1)).toMatch(/^GET \/datasets\/other\b/);
    await tributary(env, 'apply', '--dry-run', '--dataset', 'third');
    expect(stub.calls.at(-1)).toMatch(/^GET \/datasets\/third\b/);
  });

  it('print writes the statements of the dataset', async () => {
    const { stdout } = await tributary({}, 'print', '--dataset', 'third');
    expect(stdout).toContain(
      'CREATE TABLE IF NOT EXISTS `test-project`.`third`.`integration_events_outbox` (',
    );
    expect(stdout).toContain('CREATE OR REPLACE VIEW `test-project`.`third`.`entity_latest`');
    expect(stdout).not.toContain('ROW ACCESS POLICY');
  });

  const refusals = [
    {
      name: 'no project',
      env: { GOOGLE_CLOUD_PROJECT: '' },
      args: ['apply'],
      says: /No project is named.*\[invalid_config\]/s,
      code: EXIT.failed,
    },
    {
      name: 'a dataset that cannot be one',
      env: {},
      args: ['apply', '--dataset', 'my-data'],
      says: /TRIBUTARY_BIGQUERY_DATASET/,
      code: EXIT.failed,
    },
    {
      name: 'a reader that is no member',
      env: {},
      args: ['apply', '--reader', 'ann@example.com'],
      says: /ann@example\.com is no IAM member/,
      code: EXIT.usage,
    },
  ];
  it.each(refusals)('refuses $name', async ({ env, args, says, code }) => {
    const ended = await tributary(env, ...args);
    expect(ended.stderr).toMatch(says);
    expect(ended.code).toBe(code);
  });
});
