import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { forgetValues } from './forget-values.ts';

/** An error as drivers make them, its stack written down already. */
function answer(message: string, fields: Record<string, string>): Error {
  const error = Object.assign(new Error(message), fields);
  expect(error.stack).toContain(message);
  return error;
}

describe('forgetValues', () => {
  const cases = [
    {
      name: 'a key in the detail',
      error: answer('duplicate key value violates unique constraint "people_email"', {
        code: '23505',
        detail: 'Key (email)=(very private) already exists.',
      }),
      message: 'duplicate key value violates unique constraint "people_email"',
    },
    {
      name: 'a statement in the context',
      error: answer('division by zero', {
        code: '22012',
        where: `SQL statement "… 'very private'"`,
      }),
      message: 'division by zero',
    },
    {
      name: 'an inner statement',
      error: answer('syntax error', { code: '42601', internalQuery: 'very private' }),
      message: 'syntax error',
    },
    {
      name: 'a value in the message',
      error: answer('invalid input syntax for type integer: "very private"', { code: '22P02' }),
      message: 'invalid input syntax for type integer: "…"',
    },
    {
      name: 'a value with quotes of its own',
      error: answer('value "a" very private "b" is out of range', { code: '22003' }),
      message: 'value "…" is out of range',
    },
    {
      name: 'a value in a German message',
      error: answer('ungültige Eingabesyntax für Typ integer: »very private«', { code: '22P02' }),
      message: 'ungültige Eingabesyntax für Typ integer: "…"',
    },
    {
      name: 'values a driver adds',
      error: answer('relation "nowhere" does not exist', { code: '42P01', params: 'very private' }),
      message: 'relation "nowhere" does not exist',
    },
  ];
  it.each(cases)('forgets $name', ({ error, message }) => {
    const { code } = error as Error & { code: string };
    expect(forgetValues(error)).toBe(error);
    expect(error).toMatchObject({ message, code });
    expect(inspect(error, { showHidden: true })).not.toContain('very private');
    expect(error.stack).not.toContain('very private');
  });
});
