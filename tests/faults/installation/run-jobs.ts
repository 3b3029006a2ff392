import { JOBS } from '#services/tasks/jobs.ts';

/** Removes old rows, which no scenario waits for. */
const NOT_HEALING = new Set(['ledger-cleanup']);
const TASK_TIMEOUT_MS = 60_000;

/**
 * Calls every task that the scheduler calls, as it does, without waiting for its minute. What fails or
 * takes too long is left to the next time.
 *
 * @param sign makes the scheduler's token
 */
export async function runJobs(workerOrigin: string, sign: () => Promise<string>): Promise<void> {
  for (const { name, task } of JOBS) {
    if (NOT_HEALING.has(name)) continue;
    await fetch(`${workerOrigin}/tasks/${task}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await sign()}` },
      signal: AbortSignal.timeout(TASK_TIMEOUT_MS),
    }).then(
      (response) => response.arrayBuffer(),
      () => undefined,
    );
  }
}
