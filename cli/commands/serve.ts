import { pino } from 'pino';
import { readConfig } from '#platform/config/config.ts';
import { apiTokenPath } from '#services/access/api-token.ts';
import { LINK_MINUTES } from '#services/access/local-issuer.ts';
import { type StartOptions, startServer } from '#services/main.ts';
import { removeServerNote, writeServerNote } from '../running-server.ts';
import { onShutdown } from '../shutdown.ts';

/** By the names that Cloud Logging filters and colours by, besides pino's own number. */
const SEVERITIES: Readonly<Record<string, string>> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
};

function cloudSeverity(label: string, level: number) {
  return { level, severity: SEVERITIES[label] };
}

/**
 * `tributary serve`: the roles that are configured, until SIGTERM or Ctrl-C.
 *
 * @param consumers beside those of the product; the suites that count effects bring one
 */
export async function serve(consumers: StartOptions['consumers'] = []): Promise<void> {
  const config = readConfig(process.env);
  const logger = pino({
    level: config.logLevel,
    ...(config.platform === 'gcp' && { formatters: { level: cloudSeverity } }),
  });
  const server = await startServer({ config, logger, consumers });
  // Tells commands on this machine where the server is. In a container there are none, and no folder.
  const keepsNote = config.platform === 'embedded';
  if (keepsNote) await writeServerNote(config.dataDir, { url: server.url, pid: process.pid });
  if (server.apiToken?.created) {
    // Not through the logger: logs are collected, and this is a secret. Shown this once.
    process.stdout.write(
      `API token (shown once, kept in ${apiTokenPath(config.keyDir)}): ${server.apiToken.value}\n`,
    );
  }
  if (server.signInUrl !== undefined) {
    // The same holds for this one, which works once.
    process.stdout.write(`Sign in (once, within ${LINK_MINUTES} minutes): ${server.signInUrl}\n`);
  }
  onShutdown(logger, async () => {
    await server.close();
    if (keepsNote) await removeServerNote(config.dataDir);
  });
  // Last: whoever reads it may send a signal at once.
  const { platform, dataDir, roles } = config;
  logger.info({ url: server.url, platform, roles: [...roles], dataDir, pid: process.pid }, 'Ready');
}
