import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidConfig } from '#schemas/problems.ts';

export interface Migration {
  /** Counts from 1 without gaps; the number the file name opens with. */
  readonly version: number;
  readonly file: string;
  readonly sql: string;
  /** SHA-256 of the text in hex. Line ends do not count, as checkouts may change them. */
  readonly checksum: string;
}

const FILE_NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;

/**
 * Reads the migrations of a folder, in order.
 *
 * @param dir holds `0001_name.sql`, `0002_name.sql`…; each opens with a comment that tells its reason
 * @throws InvalidConfig when a file is misnamed, numbers repeat or leave gaps, or a reason is missing
 */
export async function readMigrations(dir: string): Promise<Migration[]> {
  const files = (await readdir(dir)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file, index) => {
      const version = Number(FILE_NAME.exec(file)?.[1]);
      if (version !== index + 1) {
        throw new InvalidConfig(
          `Migration ${file} is out of line: file ${index + 1} of the folder must be named ${String(index + 1).padStart(4, '0')}_what_it_does.sql. Rename it, and never renumber one that was released.`,
        );
      }
      const sql = (await readFile(join(dir, file), 'utf8')).replaceAll('\r\n', '\n');
      if (!sql.startsWith('-- ')) {
        throw new InvalidConfig(
          `Migration ${file} must open with its reason as a comment ("-- …").`,
        );
      }
      return { version, file, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}
