import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Something real that a suite runs against and a machine may lack. */
export interface Part {
  readonly name: string;
  /** Where it is, or undefined when the machine lacks it. */
  find(): string | undefined;
  /** One line: how to get it. */
  readonly howToGet: string;
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
