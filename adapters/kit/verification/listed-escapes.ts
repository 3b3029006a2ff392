/**
 * The escapes HubSpot's v3 signature undoes before hashing the request URI; every other escape
 * stays as it was sent. Source: HubSpot developer documentation, "Validating requests",
 * table of URL-encoded characters.
 */
const LISTED: Readonly<Record<string, string>> = {
  '3A': ':',
  '2F': '/',
  '3F': '?',
  '40': '@',
  '21': '!',
  '24': '$',
  '27': "'",
  '28': '(',
  '29': ')',
  '2A': '*',
  '2C': ',',
  '3B': ';',
};

const ESCAPE = /%([0-9a-fA-F]{2})/g;

/**
 * Decodes the listed escapes of a URL, once and from left to right: what a decoded escape spells
 * is never read as a new escape (`%253A` stays). Case of the hex digits does not matter. The `?`
 * that opens the query is untouched.
 */
export function decodeListedEscapes(url: string): string {
  return url.replace(ESCAPE, (whole, digits: string) => LISTED[digits.toUpperCase()] ?? whole);
}
