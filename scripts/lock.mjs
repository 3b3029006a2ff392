// Rewrites package-lock.json from package.json, without the address of any registry.
//
// npm can leave addresses out by itself (omit-lockfile-registry-resolved), but then forgets the
// versions of optional packages for other platforms and `npm ci` refuses the file (npm 11). So the
// file is made in full and the addresses are taken out afterwards. It is made in an empty folder,
// because npm takes over what node_modules holds, without its checksums.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'tributary-lock-'));
try {
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  execFileSync(
    'npm',
    [
      'install',
      '--package-lock-only',
      '--omit-lockfile-registry-resolved=false',
      '--loglevel=error',
    ],
    { cwd: folder, stdio: 'inherit' },
  );
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  for (const entry of Object.values(lock.packages)) delete entry.resolved;
  writeFileSync(join(root, 'package-lock.json'), `${JSON.stringify(lock, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
