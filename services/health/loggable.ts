/** What a line of a connection's log may hold besides its message. */
export type LogData = Readonly<Record<string, string | number | boolean>>;

const MAX_TEXT = 500;
const MAX_VALUE = 200;
const MAX_NAMES = 20;
const REMOVED = '[removed]';

/** Names that a secret might stand under; what only says when, how many or where it is kept is none. */
const SECRET_NAME = /secret|token|passw|authorization|credential|cookie|api_?key|private_?key/i;
const ABOUT_A_SECRET = /_(?:at|count|kind|ref|version)$/;

/** Where secrets stand in the texts of others: behind the word of a scheme, in URLs, behind their name. */
const SECRETS_IN_TEXT: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic|token)\s+[\w.~+/=-]{8,}/gi, `$1 ${REMOVED}`],
  [/(\w:\/\/)[^\s@]+@/g, `$1${REMOVED}@`],
  [/(\w:\/\/[^\s?#]+)\?\S*/g, `$1?${REMOVED}`],
  [/\b(code=)[^\s"'&]{16,}/g, `$1${REMOVED}`],
  [
    /\b(\w*(?:secret|token|password|api_?key|client_assertion))(["']?\s*[=:]\s*["']?)[^\s"'&,}]{4,}/gi,
    `$1$2${REMOVED}`,
  ],
];

/**
 * A text as it may be kept and shown: what looks like a secret taken out, storable, and at most 500
 * characters long. Those who write it keep secrets out to begin with; this is for what others wrote.
 */
export function loggableText(text: string, maxLength = MAX_TEXT): string {
  const clean = SECRETS_IN_TEXT.reduce(
    (before, [pattern, after]) => before.replace(pattern, after),
    // Cut first: patterns need not go through megabytes. What is cut in two is left out below.
    text
      .replaceAll('\0', '')
      .toWellFormed()
      .slice(0, 4 * MAX_TEXT),
  );
  return clean.length <= maxLength ? clean : `${clean.slice(0, maxLength - 1).toWellFormed()}…`;
}

/** Data as it may be kept: of at most 20 names, long texts cut, nothing under the name of a secret. */
export function loggableData(data: LogData): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries(data)
      .slice(0, MAX_NAMES)
      .map(([name, value]) => {
        const key = loggableText(name, 50);
        if (typeof value !== 'string') return [key, Number.isNaN(value) ? 0 : value];
        const isSecret = SECRET_NAME.test(name) && !ABOUT_A_SECRET.test(name);
        return [key, isSecret ? REMOVED : loggableText(value, MAX_VALUE)];
      }),
  );
}
