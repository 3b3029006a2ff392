// The image without a container engine: the files the Dockerfile copies, the libraries a production
// install has, started as its ENTRYPOINT says. What cannot be shown this way: the base image itself.
import { cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

export interface Image {
  readonly dir: string;
  readonly user: string;
  readonly env: Readonly<Record<string, string>>;
  /** Arguments of node: flags, entry point and command. */
  readonly nodeArgs: readonly string[];
  /** What the build runs after the files are there, to compile them ahead: arguments of node. */
  readonly compileArgs: readonly string[];
}

/** Lays out in `dir` what the image holds under its working directory. */
export async function layOutImage(dir: string): Promise<Image> {
  const stages = instructions(await readFile(join(ROOT, 'Dockerfile'), 'utf8'));
  const ignored = await ignoredNames();
  const last = stages.slice(stages.findLastIndex(({ name }) => name === 'FROM'));
  for (const { name, value } of last) {
    if (name !== 'COPY' || value.startsWith('--from')) continue;
    const sources = value.split(/\s+/).slice(0, -1);
    for (const source of sources) {
      await cp(join(ROOT, source), join(dir, source), {
        recursive: true,
        filter: (path) => !ignored.some((pattern) => pattern.test(basename(path))),
      });
    }
  }
  await linkProductionLibraries(join(dir, 'node_modules'));
  const list = (wanted: string) => last.filter(({ name }) => name === wanted);
  const [program, ...args] = [...list('ENTRYPOINT'), ...list('CMD')].flatMap(
    ({ value }) => JSON.parse(value) as string[],
  );
  if (program !== 'node') throw new Error(`The image starts ${program} and not node.`);
  return {
    dir,
    user: list('USER').at(-1)?.value ?? 'root',
    env: Object.fromEntries(
      list('ENV').flatMap(({ value }) =>
        value.split(/\s+/).map((pair) => pair.split('=') as [string, string]),
      ),
    ),
    nodeArgs: args,
    compileArgs: list('RUN')
      .filter(({ value }) => value.startsWith('["node"'))
      .flatMap(({ value }) => JSON.parse(value) as string[])
      .slice(1),
  };
}

interface Instruction {
  readonly name: string;
  readonly value: string;
}

function instructions(dockerfile: string): Instruction[] {
  return dockerfile
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [name = '', ...rest] = line.trim().split(' ');
      return { name, value: rest.join(' ') };
    });
}

/** The `**` patterns of .dockerignore, as matches of file names. */
async function ignoredNames(): Promise<RegExp[]> {
  const lines = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).split('\n');
  return lines
    .filter((line) => line.startsWith('**/'))
    .map((line) => {
      const pattern = line.slice(3).replaceAll('.', '\\.').replaceAll('*', '.*');
      return new RegExp(`^${pattern}$`);
    });
}

/** What `npm ci --omit=dev` would install, by the lock file. */
async function linkProductionLibraries(target: string): Promise<void> {
  const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
  };
  const present = new Set(await readdir(join(ROOT, 'node_modules')));
  for (const [path, { dev }] of Object.entries(lock.packages)) {
    const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1];
    if (name === undefined || dev || !present.has(name.split('/')[0] ?? '')) continue;
    const link = join(target, name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), link);
  }
}
