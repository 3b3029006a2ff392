// `tributary adapters check` and `list`, without a server. Real: the adapter, the files of
// docs/examples. Doubled: standard input.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adaptersByProvider } from '#adapters/registry.ts';
import { listAdapters, listRow } from '../../cli/adapters/list.ts';
import { type CheckOptions, runCheck } from '../../cli/commands/adapters.ts';
import { CommandFailed, EXIT } from '../../cli/exit.ts';
import { ROOT, read } from '../docs/documents.ts';

async function* given(text: string) {
  yield Buffer.from(text);
}

const EXAMPLES = [
  ['unusual-signature', EXIT.ok],
  ['batch', EXIT.failed],
  ['form', EXIT.ok],
] as const;

/** The command of an example's README, as far as it matters, and what it says it prints. */
function readExample(name: string) {
  const readme = read(`docs/examples/${name}/README.md`);
  const part = (pattern: RegExp) => pattern.exec(readme)?.[1] ?? '';
  return {
    definition: part(/adapters check (\S+)/),
    sample: part(/--sample (\S+)/),
    at: part(/--at (\S+)/),
    secret: part(/printf '%s' '([^']+)' \|/),
    statedSecret: part(/The secret is `([^`]+)`/),
    output: part(/```text\n([\s\S]*?)```/),
  };
}

describe('the examples of the documentation', () => {
  it.each(EXAMPLES)('%s prints what its README says', async (name, exitCode) => {
    const { definition, sample, at, secret, statedSecret, output } = readExample(name);
    expect(definition).toBe(`docs/examples/${name}/definition.json`);
    expect(secret).toBe(statedSecret);
    const options = { sample: join(ROOT, sample), secretStdin: true, at };
    const result = await runCheck(join(ROOT, definition), options, given(secret));
    expect(result).toStrictEqual({ output, exitCode });
    // The command is run with a shell, where the last line break of a file may come along.
    const again = await runCheck(join(ROOT, definition), options, given(`${secret}\n`));
    expect(again.output).toBe(output);
  });

  it.each(EXAMPLES)('%s is refused with another secret, and says so', async (name) => {
    const { definition, sample, at, secret } = readExample(name);
    const options = { sample: join(ROOT, sample), secretStdin: true, at, json: true };
    const other = name === 'unusual-signature' ? 'ldg_b3RoZXI=' : 'other';
    const result = await runCheck(join(ROOT, definition), options, given(other));
    expect(result.exitCode).toBe(EXIT.failed);
    const report = JSON.parse(result.output);
    expect(report.checked.verification.reason).toBe('signature_mismatch');
    expect(report.checked.extraction.hypothetical).toBe(true);
    expect(result.output).not.toContain(secret);
  });
});

describe('options and files', () => {
  let folder: string;
  const path = (name: string) => join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tributary-check-'));
    const definition = {
      network: { ipAllow: ['203.0.113.7'] },
      verification: [
        { scheme: 'static-token', token: { from: 'header', name: 'X-Key' } },
        {
          scheme: 'hmac',
          signature: { from: 'header', name: 'X-Sig' },
          content: '{uri}{body}',
        },
      ],
      extract: { eventType: '/type', entity: { id: '/id' } },
    };
    await writeFile(path('definition.json'), JSON.stringify(definition));
    await writeFile(path('settings.json'), JSON.stringify({ definition }));
    await writeFile(path('faulty.json'), JSON.stringify({ ...definition, colour: 1 }));
    await writeFile(path('broken.json'), '{"a":');
    await writeFile(path('secret'), 'the-key\r\n');
    await writeFile(
      path('sample.http'),
      'POST /p HTTP/1.1\nX-Key: the-key\n\n{"type":"a.b","id":1}',
    );
    await writeFile(path('broken.http'), 'POST /p HTTP/1.1\nX-Key\n\n');
  });
  afterAll(() => rm(folder, { recursive: true }));

  const run = (name: string, change: Partial<CheckOptions> = {}) =>
    runCheck(
      path(name),
      {
        sample: path('sample.http'),
        secretFile: path('secret'),
        remoteAddress: '203.0.113.7',
        ...change,
      },
      given(''),
    );

  it.each(['definition.json', 'settings.json'])('%s', async (name) => {
    expect((await run(name)).exitCode).toBe(EXIT.ok);
  });

  it('takes the present as the time of receipt', async () => {
    const before = Date.now();
    const { output } = await run('definition.json', { json: true, now: true });
    const { received_at } = JSON.parse(output).checked.request;
    expect(Date.parse(received_at)).toBeGreaterThanOrEqual(before);
  });

  it('takes a public URL', async () => {
    const { output } = await run('definition.json', { url: 'https://public.example' });
    expect(output).toContain('POST https://public.example/p');
    expect(output).toContain('content     45 bytes: "https://public.example/p{');
  });

  it.each<[string, string, Partial<CheckOptions>, string]>([
    ['faults', 'faulty.json', {}, '/definition/colour: is not a known field'],
    ['an address', 'definition.json', { remoteAddress: '203.0.113.8' }, 'address_not_allowed'],
  ])('%s end with 1', async (_name, file, change, words) => {
    const { output, exitCode } = await run(file, change);
    expect(output).toContain(words);
    expect(exitCode).toBe(EXIT.failed);
  });

  it.each<[string, string, () => Partial<CheckOptions>, string]>([
    ['a definition that is no JSON', 'broken.json', () => ({}), 'broken.json is not JSON'],
    [
      'a sample that is none',
      'definition.json',
      () => ({ sample: path('broken.http') }),
      'broken.http: Line 2 must be a header',
    ],
    [
      'a time without an offset',
      'definition.json',
      () => ({ at: '2026-01-15T10:00:00' }),
      '--at must be',
    ],
    ['two times', 'definition.json', () => ({ at: '2026-01-15T10:00:00Z', now: true }), 'not both'],
    ['two secrets', 'definition.json', () => ({ secretStdin: true }), 'not both'],
    [
      'a URL that is none',
      'definition.json',
      () => ({ url: 'hooks.example.com' }),
      '--url must be',
    ],
    [
      'a URL of another kind',
      'definition.json',
      () => ({ url: 'ftp://hooks.example.com' }),
      '--url must be',
    ],
  ])('%s ends with 2', async (_name, file, change, words) => {
    const error = await run(file, change()).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CommandFailed);
    expect(error).toMatchObject({ exitCode: EXIT.usage, message: expect.stringContaining(words) });
  });

  it('a file that does not exist is told by its path', async () => {
    await expect(run('nothing.json')).rejects.toMatchObject({
      code: 'ENOENT',
      path: path('nothing.json'),
    });
  });
});

describe('the list of adapters', () => {
  const listed = listAdapters(adaptersByProvider().values());

  it('has every adapter of the registry', () => {
    expect(listed.map(({ provider }) => provider)).toStrictEqual([...adaptersByProvider().keys()]);
  });

  it('says of custom that its definition names types and methods', () => {
    const custom = listed.find(({ provider }) => provider === 'custom');
    expect(custom && listRow(custom)).toStrictEqual([
      ...['custom', 'Custom', 'GET POST PUT PATCH', 'any', 'none', 'yes'],
    ]);
  });

  it('counts the types of the others, and names those of polling', () => {
    const adapter = { ...adaptersByProvider().get('hubspot'), polledEventTypes: ['a.b', 'a.c'] };
    const [row] = listAdapters([adapter as never]).map(listRow);
    expect(row?.[3]).toMatch(/^\d+$/);
    expect(row?.[4]).toBe('a.b a.c');
  });
});

it('the examples are in the table of their folder', async () => {
  const index = await readFile(join(ROOT, 'docs/examples/README.md'), 'utf8');
  for (const [name] of EXAMPLES) expect(index).toContain(`(${name}/README.md)`);
});
