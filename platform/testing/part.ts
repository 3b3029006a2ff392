import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'vitest';

/** Something real that a suite runs against and a machine may lack. */
export interface Part {
  readonly name: string;
  /** Where it is, or undefined when the machine lacks it. */
  find(): string | undefined;
  /** One line: how to get it. */
  readonly howToGet: string;
}

/**
 * Declares suites that need a part. Where it is missing they are skipped with one line that says how
 * to get it; with REQUIRE_ALL=1 that is a failure.
 *
 * @param declare gets the part's path
 */
export function describeWith(part: Part, declare: (path: string) => void): void {
  const path = part.find();
  if (path !== undefined) {
    declare(path);
    return;
  }
  const line = `${part.name} is missing: ${part.howToGet}`;
  if (process.env.REQUIRE_ALL === '1') throw new Error(line);
  process.stderr.write(`Skipped, as ${line}\n`);
  describe.skip(line, () => it('needs the part', () => undefined));
}

/** The first executable of this name in the folders given, or in those of PATH. */
export function findExecutable(
  name: string,
  folders: readonly string[] = (process.env.PATH ?? '').split(delimiter),
): string | undefined {
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
