/** What stands where a secret stood. */
export const MASK = '********';

/**
 * Makes a function that takes secrets out of a report: out of every text and name in it, also where
 * they are spelled as in a URL, or with a user name as in HTTP Basic.
 */
export function maskOf(
  secrets: readonly string[],
  usernames: readonly string[],
): <Value>(value: Value) => Value {
  const spelled = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      // As it stands in a JSON text, such as a payload.
      JSON.stringify(secret).slice(1, -1),
      ...['', ...usernames.map((name) => `${name}:`)].map((before) =>
        Buffer.from(before + secret)
          .toString('base64')
          .replace(/=+$/, ''),
      ),
    ])
    // The longer first: one may be a part of another.
    .sort((a, b) => b.length - a.length);
  const text = (from: string) =>
    spelled.reduce((masked, one) => masked.replaceAll(one, MASK), from);
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [text(name), walk(one)]));
  };
  return <Value>(value: Value) => walk(value) as Value;
}
