import type { BaseLogger } from 'pino';
import { EXIT } from './exit.ts';

/** Kubernetes and Cloud Run kill after 10 s; what is not drained by then is cut off. */
const DRAIN_TIMEOUT_MS = 9_000;

/**
 * Runs `drain` once at SIGTERM, Ctrl-C, or when the process that started this one is gone; then
 * ends the process. A second signal ends it at once.
 */
export function onShutdown(logger: BaseLogger, drain: () => Promise<void>): void {
  let draining = false;
  const shutDown = (why: string) => {
    if (draining) process.exit(EXIT.failed);
    draining = true;
    logger.info({ why }, 'Draining');
    setTimeout(() => {
      logger.error(`Draining took longer than ${DRAIN_TIMEOUT_MS} ms and was cut off`);
      process.exit(EXIT.failed);
    }, DRAIN_TIMEOUT_MS).unref();
    drain().then(
      () => {
        logger.info('Drained');
        process.exit(EXIT.ok);
      },
      (error) => {
        logger.error({ err: error }, 'Draining failed');
        process.exit(EXIT.failed);
      },
    );
  };
  process.on('SIGTERM', () => shutDown('SIGTERM'));
  process.on('SIGINT', () => shutDown('SIGINT'));
  if (process.channel) {
    process.once('disconnect', () => shutDown('the launcher is gone'));
    process.channel.unref();
  }
}
