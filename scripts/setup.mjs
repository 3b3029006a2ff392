// Installs the dependencies when they are missing or the lock file has changed. Runs on any Node
// from 20 on and needs nothing but npm, so that every script works on a fresh clone.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const stampFile = join(root, 'node_modules', '.lock-hash');
const turnFile = join(root, '.setup-lock');

/** The Node that runs everything: pinned as a dependency, whatever the machine has. */
export const pinnedNode = join(
  root,
  'node_modules',
  '.bin',
  process.platform === 'win32' ? 'node.cmd' : 'node',
);

/** Brings node_modules in line with package-lock.json; returns at once when it is. */
export async function setUp() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (isInstalled(wanted)) return;
  await takeTurn();
  try {
    if (!isInstalled(wanted)) await install(wanted);
  } finally {
    rmSync(turnFile, { force: true });
  }
}

function isInstalled(wanted) {
  return readIfThere(stampFile) === wanted && existsSync(pinnedNode);
}

async function install(wanted) {
  const startedAt = Date.now();
  const elapsed = () => `${Math.round((Date.now() - startedAt) / 1000)} s`;
  const say = (text) => process.stderr.write(text);
  say('Installing dependencies (only now and when they change; about half a minute)\n');
  const clock = setInterval(() => say(`  still installing, ${elapsed()}\n`), 5000);
  const code = await runNpmCi().finally(() => clearInterval(clock));
  if (code !== 0) {
    say('npm ci failed, see above. Check the network and the registry npm uses, then try again.\n');
    rmSync(turnFile, { force: true });
    process.exit(1);
  }
  writeFileSync(stampFile, wanted);
  say(`Installed in ${elapsed()}\n`);
}

function runNpmCi() {
  return new Promise((resolve, reject) => {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    const child = spawn(npm, ['ci', '--loglevel=error', '--no-audit', '--no-fund'], {
      cwd: root,
      // npm's own output goes beside ours, so that a script's standard output stays its own.
      stdio: ['ignore', process.stderr, process.stderr],
      shell: process.platform === 'win32',
    });
    child.on('error', reject);
    child.on('close', resolve);
  });
}

/** Two commands at once must not install at once: the later one waits for the earlier. */
async function takeTurn() {
  for (;;) {
    try {
      writeFileSync(turnFile, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = readIfThere(turnFile);
    // Left behind by one that was killed; an empty file is one that is just being written.
    if (holder && !isRunning(Number(holder))) rmSync(turnFile, { force: true });
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
