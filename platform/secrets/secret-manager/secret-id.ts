import { InvalidRequest } from '#schemas/problems.ts';

/** "A secret ID is a string with a maximum length of 255 characters" (Google's proto). */
const MAX_ID_LENGTH = 255;

/**
 * Writes a path in the characters that Secret Manager allows in an id: letters, digits, "-", "_".
 *
 * `_` becomes `__`, `/` becomes `_-`, all others stay. No code of a character begins another one,
 * so that of two paths the first begins the second exactly when their codes do. An IAM condition on
 * the code of a path that ends in a slash holds for all below it, and for nothing else:
 *
 * | path                        | code                            |
 * |-----------------------------|---------------------------------|
 * | `tributary/tenants/acme/`   | `tributary_-tenants_-acme_-`    |
 * | `tributary/tenants/acme-eu/`| `tributary_-tenants_-acme-eu_-` |
 * | `tributary/tenants/a_b/`    | `tributary_-tenants_-a__b_-`    |
 *
 * The condition for tenant acme, with the project's number, is
 * `resource.name.startsWith("projects/123/secrets/tributary_-tenants_-acme_-")`.
 */
export function encodePath(path: string): string {
  return path.replaceAll('_', '__').replaceAll('/', '_-');
}

/** The path that a code was made from, or undefined when it is no code. */
export function decodePath(code: string): string | undefined {
  if (!/^(?:[A-Za-z0-9-]|__|_-)*$/.test(code)) return undefined;
  return code.replaceAll(/_(.)/g, (_, kind: string) => (kind === '-' ? '/' : '_'));
}

/**
 * The id of a reference's secret.
 *
 * @param prefix of this installation, such as `tributary`: without a slash
 * @throws InvalidRequest when the id is longer than Secret Manager allows
 */
export function secretId(prefix: string, ref: string): string {
  const id = encodePath(`${prefix}/${ref}`);
  if (id.length <= MAX_ID_LENGTH) return id;
  throw new InvalidRequest(
    `The secret's reference is too long: its id in Secret Manager would have ${id.length} characters, of ${MAX_ID_LENGTH} allowed. Each "_" and "/" counts twice.`,
  );
}

/** The reference of a secret's id, or undefined when the secret is not of this installation. */
export function secretRef(prefix: string, id: string): string | undefined {
  const path = decodePath(id);
  return path?.startsWith(`${prefix}/`) ? path.slice(prefix.length + 1) : undefined;
}
