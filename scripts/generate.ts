// Writes every generated file, and removes those that nothing generates any more. A test fails when
// one of them is not up to date.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { generatedFiles, orphanedFiles } from './generated-files.ts';

const root = join(import.meta.dirname, '..');

for (const [path, text] of await generatedFiles()) {
  await mkdir(join(root, dirname(path)), { recursive: true });
  await writeFile(join(root, path), text);
  console.log(path);
}
for (const path of await orphanedFiles(root)) {
  await rm(join(root, path));
  console.log(`${path} (removed)`);
}
