// Installs what the test suites run against besides npm's packages, and says where everything is:
// `npm run parts`. `--check` only says. Ends with 1 when something is missing. Runs on any Node from
// 20 on. The same places are looked through by the `Part`s of the suites; parts.test.ts compares.
import { execFile, spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

const PIN = join(import.meta.dirname, '..', '.ci', 'bigquery-emulator');
const EMULATOR = 'github.com/goccy/bigquery-emulator';
const OLDEST_POSTGRES = 15;

const pathFolders = () => (process.env.PATH ?? '').split(delimiter);
const built = () => join(homedir(), '.cache', 'tributary', 'bin', 'bigquery-emulator');
const marker = () => `${built()}.version`;

/**
 * `find` gives the place, `version` asks the thing itself, `debian` is the package that brings it,
 * `make` makes it and returns why it could not.
 */
const parts = [
  {
    name: 'PostgreSQL',
    find: findPostgres,
    version: async (folder) =>
      (await firstLine(join(folder, 'postgres'), '--version')).split(' ')[2],
    debian: 'postgresql',
    howToGet: `version ${OLDEST_POSTGRES} or newer: on macOS "brew install postgresql@17", elsewhere the package postgresql`,
  },
  {
    name: 'Java',
    find: () => findExecutable('java', [...ifSet(process.env.JAVA_HOME, 'bin'), ...pathFolders()]),
    version: async (java) => /"(.*)"/.exec(await firstLine(java, '-version'))?.[1],
    debian: 'default-jre-headless',
    howToGet: 'version 17 or newer on PATH or in JAVA_HOME',
  },
  {
    name: 'Pub/Sub emulator',
    find: findPubSubEmulator,
    version: async (jar) => /-(\d[\d.]*\d)/.exec(jar.slice(dirname(jar).length))?.[1],
    debian: 'google-cloud-cli-pubsub-emulator',
    howToGet:
      '"gcloud components install pubsub-emulator", or the package google-cloud-cli-pubsub-emulator of Google\'s apt repository',
  },
  {
    name: 'BigQuery emulator',
    find: findBigQueryEmulator,
    version: async (path) => (path === built() ? builtVersion() : undefined),
    isCurrent: (path) => path !== built() || builtVersion() === pinnedVersion(),
    make: buildBigQueryEmulator,
    howToGet:
      'Go 1.25 or newer on PATH (https://go.dev/doc/install), then "npm run parts" builds it',
  },
  {
    name: 'openssl',
    find: () => findExecutable('openssl'),
    version: async (openssl) => (await firstLine(openssl, 'version')).split(' ')[1],
    debian: 'openssl',
    howToGet: 'the package openssl',
  },
  {
    name: 'Terraform',
    find: () => findExecutable('terraform') ?? findExecutable('tofu'),
    version: async (path) => /v(\d\S*)/.exec(await firstLine(path, 'version'))?.[1],
    howToGet:
      'https://developer.hashicorp.com/terraform/install, or OpenTofu, https://opentofu.org/docs/intro/install',
  },
];

const only = process.argv[2] === '--check';
const failures = new Map();
for (const part of only ? [] : parts) {
  const place = part.find();
  if (place !== undefined && (part.isCurrent?.(place) ?? true)) continue;
  const failure = part.make ? part.make() : installFromDebian(part.debian);
  if (failure) failures.set(part, failure);
}
const found = await Promise.all(
  parts.map(async (part) => {
    const place = part.find();
    const version = place === undefined ? '' : ((await part.version(place)) ?? 'unknown');
    return { part, place, version };
  }),
);
const rows = [
  ['part', 'where', 'version'],
  ...found.map(({ part, place, version }) => [part.name, place ?? 'missing', version]),
];
const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)));
for (const [name, where, version] of rows) {
  process.stdout.write(`${name.padEnd(widths[0])}  ${where.padEnd(widths[1])}  ${version}\n`);
}
for (const [part, failure] of failures) process.stdout.write(`${part.name}: ${failure}\n`);
for (const { part, place } of found) {
  if (place === undefined) process.stdout.write(`${part.name} is missing. Get ${part.howToGet}.\n`);
}
process.exitCode = failures.size > 0 || found.some(({ place }) => place === undefined) ? 1 : 0;

function findPostgres() {
  const holds = (folder) =>
    findExecutable('postgres', [folder]) && findExecutable('initdb', [folder]);
  const onPath = pathFolders().filter((folder) => {
    if (!holds(folder)) return false;
    const { stdout } = spawnSync(join(folder, 'postgres'), ['--version'], { encoding: 'utf8' });
    return Number(/(\d+)/.exec(stdout)?.[1]) >= OLDEST_POSTGRES;
  });
  const installed = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt', '/usr'].flatMap(
    (parent) =>
      entries(parent)
        .map((name) => ({
          name,
          version: Number(/^(?:postgresql@|pgsql-)?(\d+)$/.exec(name)?.[1]),
        }))
        .filter(({ version }) => version >= OLDEST_POSTGRES)
        .sort((a, b) => b.version - a.version)
        .map(({ name }) => join(parent, name, 'bin')),
  );
  return [...onPath, ...installed].find(holds);
}

function findPubSubEmulator() {
  const { CLOUDSDK_ROOT_DIR, CLOUDSDK_ROOT, CLOUDSDK_HOME } = process.env;
  const gcloud = findExecutable('gcloud');
  const sdkFolders = [
    ...[CLOUDSDK_ROOT_DIR, CLOUDSDK_ROOT, CLOUDSDK_HOME].flatMap((folder) => ifSet(folder)),
    ...(gcloud ? [dirname(dirname(realpathSync(gcloud)))] : []),
    '/usr/lib/google-cloud-sdk',
    '/usr/share/google-cloud-sdk',
  ];
  return sdkFolders
    .map((folder) => join(folder, 'platform', 'pubsub-emulator', 'lib'))
    .flatMap((folder) => entries(folder).map((name) => join(folder, name)))
    .find((path) => /cloud-pubsub-emulator-[^/]*\.jar$/.test(path));
}

function findBigQueryEmulator() {
  return (
    process.env.BIGQUERY_EMULATOR_BIN ??
    findExecutable('bigquery-emulator') ??
    findExecutable('bigquery-emulator', [dirname(built())])
  );
}

function pinnedVersion() {
  const requirement = new RegExp(`${EMULATOR} (v\\S+)`);
  return requirement.exec(readFileSync(join(PIN, 'go.mod'), 'utf8'))?.[1];
}

function builtVersion() {
  return existsSync(marker()) ? readFileSync(marker(), 'utf8').trim() : undefined;
}

function buildBigQueryEmulator() {
  const go = findExecutable('go');
  if (!go) return 'it was not built, as Go is not on PATH';
  say(`Building ${EMULATOR} ${pinnedVersion()}: 4 to 5 minutes the first time\n`);
  mkdirSync(dirname(built()), { recursive: true });
  const unfinished = `${built()}.${process.pid}`;
  try {
    const { status } = spawnSync(
      go,
      [
        'build',
        '-trimpath',
        '-ldflags',
        '-s -w',
        '-o',
        unfinished,
        `${EMULATOR}/cmd/bigquery-emulator`,
      ],
      {
        cwd: PIN,
        stdio: ['ignore', process.stderr, process.stderr],
        // With the Go there is: another toolchain is not fetched for this.
        env: { ...process.env, GOTOOLCHAIN: 'local', GOWORK: 'off' },
      },
    );
    if (status !== 0) return 'it was not built, see above';
    renameSync(unfinished, built());
    writeFileSync(marker(), `${pinnedVersion()}\n`);
  } finally {
    rmSync(unfinished, { force: true });
  }
  return undefined;
}

/** Where it may: as root on Debian or one of its children. */
function installFromDebian(name) {
  const mayInstall = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  if (name === undefined || !mayInstall) return undefined;
  say(`Installing the Debian package ${name}\n`);
  if (aptGet('install', '-y', '--no-install-recommends', name)) return undefined;
  // The lists may be missing or old.
  if (aptGet('update') && aptGet('install', '-y', '--no-install-recommends', name))
    return undefined;
  return `the Debian package ${name} could not be installed, see above`;
}

function aptGet(...args) {
  const { status } = spawnSync('apt-get', ['-q', ...args], {
    stdio: ['ignore', process.stderr, process.stderr],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return status === 0;
}

function findExecutable(name, folders = pathFolders()) {
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function entries(folder) {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** The folder, or one in it, as a list that is empty when there is none. */
function ifSet(folder, ...names) {
  return folder ? [join(folder, ...names)] : [];
}

/** What a program says first, on whichever of its outputs; empty when it does not run. */
function firstLine(program, ...args) {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 10_000 }, (_error, stdout, stderr) => {
      resolve((stdout || stderr).split('\n')[0] ?? '');
    });
  });
}

function say(text) {
  process.stderr.write(text);
}
