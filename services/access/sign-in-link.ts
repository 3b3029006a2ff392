/** Where a link leads to when it does not say, or says somewhere it must not. */
export const CONSOLE_PATH = '/console';

const MAX_NEXT_CHARACTERS = 2_000;
/** No address: only what its path is resolved against. */
const HERE = 'http://here.invalid';

/** The address that signs a browser in. @param token of LocalIssuer.issueLink */
export function signInUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/sign-in?link=${token}`;
}

/**
 * Where a browser goes after it has signed in: a path on this origin, whatever the link was made to say.
 * Browsers drop tabs and line ends from addresses and take a backslash for a slash, and a path may become
 * one that begins with two slashes, which name a host.
 *
 * @param next as the link has it
 */
export function pathAfterSignIn(next: string | undefined): string {
  if (next === undefined || next.length > MAX_NEXT_CHARACTERS) return CONSOLE_PATH;
  if (!next.startsWith('/') || /[\p{Cc}\\]/u.test(next) || !URL.canParse(next, HERE)) {
    return CONSOLE_PATH;
  }
  const { origin, pathname, search, hash } = new URL(next, HERE);
  if (origin !== HERE || pathname.startsWith('//')) return CONSOLE_PATH;
  return `${pathname}${search}${hash}`;
}

/** Nothing may be loaded, framed or sent from the page. */
export const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
} as const;

/** What a browser shows when a link does not work. Holds nothing of the request. */
export const LINK_INVALID_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Tributary: the link does not work</title>
<h1>This sign-in link does not work any more</h1>
<p>Each link works once, and for some minutes. Run <code>npx tributary sign-in</code> where the server
runs, and open the link that it prints.</p>
</html>
`;
