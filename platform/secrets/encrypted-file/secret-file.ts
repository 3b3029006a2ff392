import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SecretNotFound, SecretUnreadable } from '#schemas/problems.ts';
import { createFile, replaceFile } from '../durable-file.ts';
import { sealedSchema } from './cipher.ts';

const versionSchema = z.strictObject({
  version: z.int().min(1),
  state: z.enum(['enabled', 'disabled', 'destroyed']),
  createdAtMs: z.int(),
  /** Null once destroyed. */
  sealed: sealedSchema.nullable(),
});

const fileSchema = z.strictObject({
  format: z.literal(1),
  ref: z.string(),
  /** In the order they were made. */
  versions: z.array(versionSchema).min(1),
});

export type StoredVersion = z.infer<typeof versionSchema>;
export type SecretFile = z.infer<typeof fileSchema>;

const FILE_NAME = /^[0-9a-f]{64}\.json$/;

/** The files of a folder, one per secret. Each is replaced as a whole. */
export class SecretFiles {
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  /** Makes the folder (0700) when it is missing. */
  static async open(dir: string): Promise<SecretFiles> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    return new SecretFiles(dir);
  }

  /** @throws SecretNotFound @throws SecretUnreadable when the file is damaged or another secret's */
  async read(ref: string): Promise<SecretFile> {
    const path = this.#path(ref);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
        throw new SecretNotFound(`There is no secret ${ref}.`);
      }
      throw new SecretUnreadable(`The file of secret ${ref} cannot be read: ${path}.`, { cause });
    }
    const file = parse(text);
    if (file?.ref !== ref) {
      throw new SecretUnreadable(
        `The file of secret ${ref} is damaged: ${path}. Restore it from a backup, or enter the credential anew.`,
      );
    }
    return file;
  }

  /** @returns false when there is one already */
  create(file: SecretFile): Promise<boolean> {
    return createFile(this.#path(file.ref), JSON.stringify(file));
  }

  async replace(file: SecretFile): Promise<void> {
    await replaceFile(this.#path(file.ref), JSON.stringify(file));
  }

  /** @returns the ids of all keys that enabled and disabled versions are encrypted under */
  async keyIds(): Promise<{ readonly ids: ReadonlySet<string>; readonly files: number }> {
    const names = (await readdir(this.#dir)).filter((name) => FILE_NAME.test(name));
    const ids = new Set<string>();
    for (const name of names) {
      const file = parse(await readFile(join(this.#dir, name), 'utf8'));
      for (const { sealed } of file?.versions ?? []) if (sealed) ids.add(sealed.keyId);
    }
    return { ids, files: names.length };
  }

  /** By hash: a reference is never part of a path, whatever the file system folds or forbids. */
  #path(ref: string): string {
    return join(this.#dir, `${createHash('sha256').update(ref).digest('hex')}.json`);
  }
}

function parse(text: string): SecretFile | undefined {
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
