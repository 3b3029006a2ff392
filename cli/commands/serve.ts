import { pino } from 'pino';
import { readConfig } from '#platform/config/config.ts';
import { apiTokenPath } from '#services/http/api-token.ts';
import { startServer } from '#services/main.ts';
import { removeServerNote, writeServerNote } from '../running-server.ts';
import { onShutdown } from '../shutdown.ts';

/** `tributary serve`: all roles in this process, until SIGTERM or Ctrl-C. */
export async function serve(): Promise<void> {
  const config = readConfig(process.env);
  const logger = pino({ level: config.logLevel });
  const server = await startServer({ config, logger });
  await writeServerNote(config.dataDir, { url: server.url, pid: process.pid });
  if (server.apiToken.created) {
    // Not through the logger: logs are collected, and this is a secret. Shown this once.
    process.stdout.write(
      `API token (shown once, kept in ${apiTokenPath(config.keyDir)}): ${server.apiToken.value}\n`,
    );
  }
  onShutdown(logger, async () => {
    await server.close();
    await removeServerNote(config.dataDir);
  });
  // Last: whoever reads it may send a signal at once.
  logger.info({ url: server.url, dataDir: config.dataDir, pid: process.pid }, 'Ready');
}
