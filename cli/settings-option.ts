import { readFile } from 'node:fs/promises';
import { CommandFailed, EXIT } from './exit.ts';

/**
 * Reads the value of `--settings`.
 *
 * @param settings JSON text, or @FILE
 * @throws CommandFailed when it is not JSON
 */
export async function readSettings(settings: string | undefined): Promise<unknown> {
  if (settings === undefined) return {};
  const text = settings.startsWith('@') ? await readFile(settings.slice(1), 'utf8') : settings;
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandFailed('--settings is not JSON. Give JSON text, or @FILE.', EXIT.usage);
  }
}
