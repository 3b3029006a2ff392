import type { SqlObject } from '#platform/warehouse/sql-objects.ts';

/**
 * Puts the texts of functions and views in the place of their calls. goccy's emulator 0.8.1 cannot be
 * asked functions for long: once Go's collector has freed one, a call of it ends the emulator.
 */
export function inline(sql: string, objects: readonly SqlObject[]): string {
  let text = sql;
  // Views call functions, which call neither.
  for (const { kind, name, body } of [...objects].reverse()) {
    text = kind === 'view' ? inlineView(text, name, body) : inlineFunction(text, name, body);
  }
  return text;
}

function inlineView(sql: string, name: string, body: string): string {
  return sql.replaceAll(new RegExp(`\\b(FROM|JOIN) ${name}\\b(?!\\()`, 'g'), `$1 (${body})`);
}

function inlineFunction(sql: string, name: string, body: string): string {
  const start = sql.search(new RegExp(`\\b${name}\\(`));
  if (start === -1) return sql;
  const { parts, end } = splitArguments(sql, start + name.length + 1);
  const [from = '', to = ''] = parts;
  const called = body
    .replaceAll(/\bfrom_time\b/g, `(${from})`)
    .replaceAll(/\bto_time\b/g, `(${to})`);
  return `${sql.slice(0, start)}(${called})${inlineFunction(sql.slice(end), name, body)}`;
}

/** The arguments from `start` up to the parenthesis that closes the call. */
function splitArguments(sql: string, start: number): { parts: string[]; end: number } {
  const parts = [''];
  let depth = 0;
  for (let index = start; index < sql.length; index += 1) {
    const character = sql[index] ?? '';
    if (character === ')' && depth === 0) return { parts, end: index + 1 };
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  throw new Error('A call has no end.');
}
