/** Where Postgres repeats values and the text of inner statements, and drivers add their own. */
const WITH_VALUES = [
  ...['detail', 'where', 'internalQuery', 'internalPosition'],
  ...['params', 'client'],
] as const;

/** Quotes in the languages the server may speak. */
const QUOTED = /["'„“«»‹`].*["'“”«»›]/su;

/**
 * Takes the values out of an error of the server, so that it may reach the log. The message of a data
 * exception (class 22) quotes the value itself; those of other classes name tables and columns.
 *
 * @param error changed in place; its `code` and the names of table, column and constraint stay
 */
export function forgetValues<Answer extends Error>(error: Answer): Answer {
  for (const name of WITH_VALUES) Reflect.deleteProperty(error, name);
  if ((error as { code?: string }).code?.startsWith('22')) {
    const { message } = error;
    error.message = message.replace(QUOTED, '"…"');
    error.stack = error.stack?.replace(message, () => error.message);
  }
  return error;
}
