import { type Field, holdsSecret } from './fields.ts';

/** What stands where a secret stood. */
export const MASKED = '••••';

/**
 * A copy of a value with every secret of its fields taken out: for audit logs, logs and answers. What
 * the fields do not know stays. Where a value is not of the shape its field says, and the field holds a
 * secret, all of it is taken out.
 *
 * @param value settings or credentials: an object with the fields as members; anything else is kept
 */
export function maskSecrets(value: unknown, fields: readonly Field[]): unknown {
  const [whole] = fields;
  if (whole?.pointer === '') return masked(value, whole);
  return isRecord(value) ? maskedMembers(value, fields) : value;
}

function masked(value: unknown, field: Field): unknown {
  if (value === undefined || value === null || !holdsSecret(field)) return value;
  if (field.secret) return MASKED;
  const { fields, item } = field;
  if (fields && isRecord(value)) return maskedMembers(value, fields);
  if (item && Array.isArray(value)) return value.map((one) => masked(one, item));
  return MASKED;
}

function maskedMembers(value: Readonly<Record<string, unknown>>, fields: readonly Field[]) {
  const byName = new Map(fields.map((field) => [field.name, field]));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const field = byName.get(name);
      return [name, field === undefined ? member : masked(member, field)];
    }),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
