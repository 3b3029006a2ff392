import type { JobSpec } from '../scheduler.ts';
import type { TaskSigner } from './task-signer.ts';

export interface CallOptions {
  /** Origin of the worker, with the path before `/tasks`, if any. */
  readonly baseUrl: string;
  readonly signer: TaskSigner;
  /** After this long without an answer the attempt counts as failed. */
  readonly attemptTimeoutMs: number;
}

/**
 * Makes one attempt: POSTs the job's body to its task.
 *
 * @returns the status of the answer; 0 when none came
 */
export async function callTask(
  spec: JobSpec,
  nowMs: number,
  { baseUrl, signer, attemptTimeoutMs }: CallOptions,
): Promise<number> {
  try {
    const response = await fetch(`${baseUrl}/tasks/${spec.task}`, {
      method: 'POST',
      // A redirect would take the token to another place.
      redirect: 'manual',
      signal: AbortSignal.timeout(attemptTimeoutMs),
      headers: {
        authorization: `Bearer ${await signer.sign(nowMs)}`,
        'content-type': 'application/json',
        'user-agent': 'Tributary-Scheduler',
        // Cloud Scheduler's names; they say which job it is and prove nothing.
        'x-cloudscheduler': 'true',
        'x-cloudscheduler-jobname': spec.name,
      },
      body: JSON.stringify(spec.body ?? {}),
    });
    await response.body?.cancel();
    return response.status;
  } catch {
    return 0;
  }
}

export function succeeded(status: number): boolean {
  return status >= 200 && status < 300;
}
