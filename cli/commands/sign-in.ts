import { readConfig } from '#platform/config/config.ts';
import { openLocalIssuer } from '#services/access/local-issuer.ts';
import { signInUrl } from '#services/access/sign-in-link.ts';
import { type BearerOptions, bearerOf } from '../bearer-option.ts';
import { readServerNote } from '../running-server.ts';

/** `tributary sign-in`: prints a link that signs a browser in, once and within 15 minutes. */
export async function printSignInLink(options: BearerOptions): Promise<void> {
  const config = readConfig(process.env);
  const bearer = bearerOf(config, options);
  const issuer = await openLocalIssuer(config.keyDir);
  const url =
    config.publicUrl ??
    (await readServerNote(config.dataDir))?.url ??
    `http://${config.host}:${config.port}`;
  process.stdout.write(`${signInUrl(url, await issuer.issueLink(bearer))}\n`);
}
