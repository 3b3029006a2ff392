import { type CanaryOptions, sendCanaries } from '../canary/canary.ts';
import type { Task } from './routes.ts';

/** Sends a canary for each connection, once in an interval; none where they are not wanted. */
export function canaryTask(options: CanaryOptions): Task {
  return async () => (options.intervalMinutes === 0 ? { sent: 0 } : sendCanaries(options));
}
