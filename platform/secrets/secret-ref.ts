import { InvalidRequest } from '#schemas/problems.ts';

const REF = /^[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*$/;
/** Secret Manager's bound for a secret's name. */
const MAX_REF_LENGTH = 255;
/** Secret Manager's bound for a payload. */
const MAX_VALUE_BYTES = 64 * 1024;

/** @throws InvalidRequest unless the reference is a path such as `tenants/acme/connections/con_1` */
export function checkSecretRef(ref: string): void {
  if (ref.length <= MAX_REF_LENGTH && REF.test(ref)) return;
  throw new InvalidRequest(
    `A secret's reference is a path of up to ${MAX_REF_LENGTH} characters, its segments made of letters, digits, "_" and "-".`,
  );
}

/** @throws InvalidRequest when the value is too long, or holds half a surrogate pair, for UTF-8 */
export function checkSecretValue(value: string): void {
  if (!value.isWellFormed()) {
    throw new InvalidRequest("The secret's value is not well-formed Unicode text.");
  }
  if (Buffer.byteLength(value) > MAX_VALUE_BYTES) {
    throw new InvalidRequest(`A secret's value has at most ${MAX_VALUE_BYTES} bytes.`);
  }
}
