import { startCloud } from '../tests/support/cloud-parts.ts';
import type { Installation } from './targets.ts';

/** Google's clients, talking to emulators, PostgreSQL and stand-ins in other processes. */
export async function gcp(): Promise<Installation> {
  const cloud = await startCloud();
  return {
    name: "Tributary, Google's clients",
    env: await cloud.installation(),
    stop: () => cloud.stop(),
  };
}
