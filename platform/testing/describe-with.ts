import { describe, it } from 'vitest';
import type { Part } from './part.ts';

/**
 * Declares suites that need a part. Where it is missing they are skipped with one line that says how
 * to get it; with REQUIRE_ALL=1 that is a failure.
 *
 * @param declare gets the part's path
 */
export function describeWith(part: Part, declare: (path: string) => void): void {
  const path = part.find();
  if (path !== undefined) {
    declare(path);
    return;
  }
  const line = `${part.name} is missing: ${part.howToGet}`;
  if (process.env.REQUIRE_ALL === '1') throw new Error(line);
  process.stderr.write(`Skipped, as ${line}\n`);
  describe.skip(line, () => it('needs the part', () => undefined));
}
