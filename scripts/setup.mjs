// Installs the dependencies when they are missing or the lock file has changed. Runs on any Node
// from 20 on and needs nothing but npm, so that every script works on a fresh clone.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const stampFile = join(root, 'node_modules', '.lock-hash');

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
  const installed = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : '';
  if (installed === wanted && existsSync(pinnedNode)) return;

  const startedAt = Date.now();
  const elapsed = () => `${Math.round((Date.now() - startedAt) / 1000)} s`;
  const say = (text) => process.stderr.write(text);
  say('Installing dependencies (only now and when they change; about half a minute)\n');
  const clock = setInterval(() => say(`  still installing, ${elapsed()}\n`), 5000);
  const code = await new Promise((resolve, reject) => {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    const child = spawn(npm, ['ci', '--loglevel=error', '--no-audit', '--no-fund'], {
      cwd: root,
      // npm's own output goes beside ours, so that a script's standard output stays its own.
      stdio: ['ignore', process.stderr, process.stderr],
      shell: process.platform === 'win32',
    });
    child.on('error', reject);
    child.on('close', resolve);
  }).finally(() => clearInterval(clock));
  if (code !== 0) {
    say(
      'npm ci failed, see above. Check the network and the registry npm is set to, then try again.\n',
    );
    process.exit(1);
  }
  writeFileSync(stampFile, wanted);
  say(`Installed in ${elapsed()}\n`);
}
