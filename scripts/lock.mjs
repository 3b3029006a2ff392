// Rewrites package-lock.json from package.json, without the address of any registry.
//
// npm can leave addresses out by itself (omit-lockfile-registry-resolved), but then forgets the
// versions of optional packages for other platforms and `npm ci` refuses the file (npm 11). So the
// file is made in full and the addresses are taken out afterwards.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

const lockFile = new URL('../package-lock.json', import.meta.url);
rmSync(lockFile, { force: true });
execFileSync(
  'npm',
  ['install', '--package-lock-only', '--omit-lockfile-registry-resolved=false', '--loglevel=error'],
  { stdio: 'inherit' },
);
const lock = JSON.parse(readFileSync(lockFile, 'utf8'));
for (const entry of Object.values(lock.packages)) delete entry.resolved;
writeFileSync(lockFile, `${JSON.stringify(lock, null, 2)}\n`);
