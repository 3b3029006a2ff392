import { recordId } from './record-id.ts';

const MAX_LENGTH = 256;

/** Who changed a record: an id in its long form, other text as it is; null where nobody is named. */
export function actorOf(value: unknown): string | null {
  if (typeof value !== 'string' || value === '' || value.length > MAX_LENGTH) return null;
  return recordId(value) ?? value;
}
