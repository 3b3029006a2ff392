import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generatedFiles, orphanedFiles } from './generated-files.ts';

const ROOT = join(import.meta.dirname, '..');
const files = await generatedFiles();

describe('generated files; when one differs, run `npm run generate`', () => {
  it.each([...files])('%s', async (path, text) => {
    expect(await readFile(join(ROOT, path), 'utf8')).toBe(text);
  });

  it('are all made by something', async () => {
    expect(await orphanedFiles(ROOT)).toStrictEqual([]);
  });
});
