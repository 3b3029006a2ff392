import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The root of the repository. */
export const ROOT = join(import.meta.dirname, '..', '..');

const NOT_OURS = new Set(['node_modules', '.git', '.tributary']);

/** A file of the repository as text. @param path from the root */
export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Paths of all Markdown files, from the root. */
export function markdownFiles(folder = ''): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : markdownFiles(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/**
 * The rows of the table whose header begins with these titles, each as its cells without the
 * backquotes around a whole cell.
 *
 * @throws Error when there is no such table
 */
export function tableRows(markdown: string, ...titles: readonly string[]): string[][] {
  const lines = markdown.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${titles.join(' | ')} |`));
  if (start === -1) throw new Error(`There is no table of ${titles.join(', ')}.`);
  const rows: string[][] = [];
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith('|')) break;
    const cells = line.slice(1, line.lastIndexOf('|')).split('|');
    rows.push(cells.map((cell) => cell.trim().replace(/^`([^`]*)`$/, '$1')));
  }
  return rows;
}

/** The quoted words of a part of a source file: a union of string literals, or calls. */
export function quotedWords(source: string, part: RegExp): string[] {
  const found = [...source.matchAll(part)].map(([, text]) => text ?? '');
  if (found.length === 0) throw new Error(`${part} finds nothing.`);
  return found.flatMap((text) => [...text.matchAll(/'([a-z_]+)'/g)].map(([, word]) => word ?? ''));
}

/** The id GitHub gives a heading. */
export function headingId(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
