import { afterEach, describe, expect, it, vi } from 'vitest';
import { printable, printJson, printTable } from './output.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** What a function writes to standard output. */
function written(print: () => void): string {
  let text = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  print();
  return text;
}

describe('output', () => {
  it('aligns the columns of a table', () => {
    const text = written(() =>
      printTable(
        ['ID', 'NAME'],
        [
          ['con_1', 'a'],
          ['c', 'long name'],
        ],
      ),
    );
    expect(text).toBe('ID     NAME\ncon_1  a\nc      long name\n');
  });

  it('prints JSON that can be read again', () => {
    const value = { a: ['Zoë', null] };
    expect(JSON.parse(written(() => printJson(value)))).toEqual(value);
  });

  it('makes control characters visible, so that a provider’s text cannot steer the terminal', () => {
    expect(printable('a\u001b[2Jb\u0007c\u009bd\r\n')).toBe(
      'a\uFFFD[2Jb\uFFFDc\uFFFDd\uFFFD\uFFFD',
    );
    expect(printable('Zoë 東京 🚀')).toBe('Zoë 東京 🚀');
  });
});
