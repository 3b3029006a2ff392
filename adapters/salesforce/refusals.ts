import type { Refusal } from '#adapters/kit/batch.ts';
import { ENTITY_TYPES } from './definition.ts';

const SAFE = /^\w{1,80}$/;

export const OTHER_ORGANIZATION: Refusal = {
  reason: 'other_organization',
  detail: 'The body states another organization than the settings.',
};

/** No mapping for the object. Its name is quoted only where it can be one. */
export function unknownObject(name: unknown): Refusal {
  const quoted = typeof name === 'string' && SAFE.test(name) ? `"${name}"` : 'this object';
  return {
    reason: 'unknown_object',
    detail: `There is no mapping for ${quoted}. Mapped are ${[...ENTITY_TYPES.keys()].join(', ')}.`,
  };
}

/** Something that happens to records, but not what. */
export function unknownOperation(name: unknown): Refusal {
  const quoted = typeof name === 'string' && SAFE.test(name) ? `"${name}"` : 'this operation';
  return { reason: 'unknown_operation', detail: `There is no mapping for ${quoted}.` };
}
