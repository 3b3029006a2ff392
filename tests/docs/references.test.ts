// Every link, script, command and file that a document names exists.
import { existsSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { headingId, markdownFiles, ROOT, read } from './documents.ts';

const LAYERS = Object.keys(packageJson.imports).map((name) => name.slice(1, -2));
const FOLDERS = [...LAYERS, 'bench', 'bin', 'cli', 'docs', 'scripts', 'sql', 'terraform', 'tests'];
const FILE = new RegExp(`\`((?:${FOLDERS.join('|')})/[\\w./-]*)\``, 'g');

const cli = read('cli/main.ts');
const commands = new Set([...cli.matchAll(/\.command\('([a-z]+)/g)].map(([, name]) => name));

describe.each(markdownFiles())('%s', (file) => {
  const text = read(file);

  it('links lead somewhere', () => {
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '');
    const local = targets.filter((target) => !/^[a-z]+:/.test(target));
    expect(local.filter((target) => !leads(file, target))).toStrictEqual([]);
  });

  it('scripts are in package.json', () => {
    const scripts = [...text.matchAll(/npm run (?:-s )?([a-z][\w:]*)/g)].map(
      ([, name]) => name ?? '',
    );
    expect(scripts.filter((name) => !Object.hasOwn(packageJson.scripts, name))).toStrictEqual([]);
  });

  it('commands are on the command line', () => {
    const named = [...text.matchAll(/npx tributary ([a-z]+)/g)].map(([, name]) => name);
    expect(named.filter((name) => !commands.has(name))).toStrictEqual([]);
  });

  it('files exist', () => {
    const paths = [...text.matchAll(FILE)].map(([, path]) => path ?? '');
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toStrictEqual([]);
  });
});

it('decisions are numbered once, and their titles hold the number', () => {
  const records = markdownFiles('docs/decisions').map((path) => posix.basename(path));
  const numbers = records.map((name) => name.slice(0, 4));
  expect(new Set(numbers).size).toBe(records.length);
  for (const name of records) {
    const title = new RegExp(
      `^# ${name.slice(0, 4)}: .*\\n[^]*\\n## Context\\n[^]*\\n## Decision\\n`,
    );
    expect(read(`docs/decisions/${name}`)).toMatch(title);
  }
});

function leads(from: string, target: string): boolean {
  const [path = '', fragment] = target.split('#');
  const found = path === '' ? from : join(dirname(from), path);
  if (!existsSync(join(ROOT, found))) return false;
  if (fragment === undefined) return true;
  const headings = [...read(found).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading ?? '');
  return headings.map(headingId).includes(fragment);
}
