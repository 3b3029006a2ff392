import { CredentialsRefused } from '#schemas/problems.ts';
import type { Credential } from './provider-api.ts';

/** What may stand in a header; a client's own complaint of another character would quote the token. */
const VISIBLE = /^[\x21-\x7e]+$/;

/**
 * The token of a credential, which can stand in a header.
 *
 * @throws CredentialsRefused when it is empty or holds a space, a line break or another such character
 */
export function headerToken({ kind, token }: Credential): string {
  if (VISIBLE.test(token)) return token;
  const name = kind === 'api_key' ? 'API key' : 'access token';
  throw new CredentialsRefused(
    `The ${name} is empty or holds a character that none has, such as a space. Copy it again.`,
  );
}

/**
 * The base URL that the provider told with the token, without a slash at the end.
 *
 * @returns undefined when it told none
 * @throws CredentialsRefused when what it told is no URL of http or https
 */
export function toldUrl({ facts }: Credential, name: string): string | undefined {
  const told = facts[name];
  if (told === undefined) return undefined;
  const url = URL.parse(told);
  const isPlain =
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.username === '' &&
    url.password === '' &&
    !/[?#]/.test(told);
  if (isPlain) return told.replace(/\/+$/, '');
  throw new CredentialsRefused(
    `The credentials name an address (${name}) that is none. Authenticate the connection again.`,
  );
}
