import { readConfig } from '#platform/config/config.ts';
import { openLocalIssuer } from '#services/access/local-issuer.ts';
import { type BearerOptions, bearerOf } from '../bearer-option.ts';

export interface TokenOptions extends BearerOptions {
  readonly hours: number;
}

/** `tributary token`: prints a token of this installation for a user; needs its key folder, no server. */
export async function printToken({ hours, ...options }: TokenOptions) {
  const config = readConfig(process.env);
  const bearer = bearerOf(config, options);
  const issuer = await openLocalIssuer(config.keyDir);
  process.stdout.write(`${await issuer.issue(bearer, hours * 3_600)}\n`);
}
