import { InvalidRequest } from '#schemas/problems.ts';

/** Pub/Sub's names (3 to 255 characters), without capitals: some file systems do not tell them apart. */
const NAME = /^(?!goog)[a-z][a-z0-9._~+-]{2,199}$/;

/**
 * Checks the name of a topic or subscription; it becomes the name of a file.
 *
 * @throws InvalidRequest
 */
export function checkName(kind: 'topic' | 'subscription', name: string): void {
  if (NAME.test(name)) return;
  throw new InvalidRequest(
    `"${name.slice(0, 60)}" is no name for a ${kind}: use 3 to 200 lower-case letters, digits and . _ ~ + -, starting with a letter, not with "goog".`,
  );
}
