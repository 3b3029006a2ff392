import { afterAll, beforeAll, describe } from 'vitest';
import { describeWith } from '#platform/testing/describe-with.ts';
import { CLOUD_PARTS, type Cloud, startCloud } from './cloud-parts.ts';

/** Declares suites that run on what stands in for Google Cloud; skipped where a part is missing. */
export function describeOnCloud(name: string, declare: (cloud: () => Cloud) => void): void {
  const missing = CLOUD_PARTS.find((part) => part.find() === undefined);
  describeWith(missing ?? CLOUD_PARTS[0], () => {
    describe(name, () => {
      let cloud: Cloud | undefined;
      beforeAll(async () => {
        cloud = await startCloud();
      }, 90_000);
      afterAll(() => cloud?.stop());
      declare(() => {
        if (!cloud) throw new Error('The cloud has not started.');
        return cloud;
      });
    });
  });
}
