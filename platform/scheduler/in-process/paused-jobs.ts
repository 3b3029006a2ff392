import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '#platform/secrets/durable-file.ts';
import { InvalidConfig } from '#schemas/problems.ts';

const fileSchema = z.strictObject({ paused: z.array(z.string()) });

/** Names of the paused jobs, kept in `scheduler.json` so that a restart does not resume them. */
export class PausedJobs {
  readonly #path: string;
  readonly #names: Set<string>;
  #lastWrite: Promise<void> = Promise.resolve();

  private constructor(path: string, names: Set<string>) {
    this.#path = path;
    this.#names = names;
  }

  /** @throws InvalidConfig when the file is damaged */
  static async open(dataDir: string): Promise<PausedJobs> {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const path = join(dataDir, 'scheduler.json');
    try {
      const { paused } = fileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
      return new PausedJobs(path, new Set(paused));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
        return new PausedJobs(path, new Set());
      throw new InvalidConfig(
        `${path} is damaged: it says which scheduled jobs are paused. Restore it, or delete it to have all of them run.`,
        { cause },
      );
    }
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** @returns once the change would survive a crash */
  async set(name: string, paused: boolean): Promise<void> {
    if (paused === this.#names.has(name)) return;
    if (paused) this.#names.add(name);
    else this.#names.delete(name);
    const write = this.#lastWrite.then(() =>
      replaceFile(this.#path, JSON.stringify({ paused: [...this.#names].sort() })),
    );
    this.#lastWrite = write.catch(() => undefined);
    await write;
  }
}
