import { NotAuthenticated } from '#schemas/problems.ts';
import type { Authenticate, Identity } from './principal.ts';

/** Knows one kind of bearer token. Undefined: it is of another kind. @throws NotAuthenticated */
export type TokenKind = (presented: string) => Identity | undefined | Promise<Identity | undefined>;

/** A caller is who the first kind says that knows its bearer token. */
export function bearerAuthentication(kinds: readonly TokenKind[]): Authenticate {
  return async ({ headers }) => {
    const [scheme, presented, more] = (headers.authorization ?? '').split(' ');
    if (scheme?.toLowerCase() === 'bearer' && presented && more === undefined) {
      for (const kind of kinds) {
        const identity = await kind(presented);
        if (identity) return identity;
      }
    }
    throw new NotAuthenticated(
      'Send the header "Authorization: Bearer <token>" with a valid token; `npx tributary doctor` says where the one of this installation is kept.',
    );
  };
}
