import { createInterface } from 'node:readline/promises';

/**
 * Asks a question that is answered with y or n, on a terminal. Where there is none nobody can be asked,
 * and who wrote the command into a script has decided.
 */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
