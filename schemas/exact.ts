/** Deepest nesting of a payload, in levels. Deeper ones are refused, as they exhaust the stack. */
export const MAX_DEPTH = 64;

export interface Inexact {
  readonly path: (string | number)[];
  readonly message: string;
}

/**
 * Finds the first value of a payload that JSON cannot carry exactly: a number that is not a safe
 * integer (decimals are strings, R4.2), a value that is not JSON, or nesting past MAX_DEPTH.
 *
 * @returns the path and what is wrong there, or undefined when all is exact.
 */
export function findInexact(value: unknown): Inexact | undefined {
  const message = fault(value, 0);
  if (message === undefined) return undefined;
  if (typeof message === 'string') return { path: [], message };
  return { path: message.path.reverse(), message: message.text };
}

/** A fault below; the path is built on the way up, so that the usual case allocates nothing. */
interface NestedFault {
  readonly path: (string | number)[];
  readonly text: string;
}

function fault(value: unknown, depth: number): string | NestedFault | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0)
        ? undefined
        : 'a decimal or oversized number must be a string holding its exact text';
    case 'object':
      break;
    default:
      return `a ${typeof value} is not a JSON value`;
  }
  if (value === null) return undefined;
  if (depth >= MAX_DEPTH) return `nested deeper than ${MAX_DEPTH} levels`;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const found = fault(value[index], depth + 1);
      if (found !== undefined) return nest(found, index);
    }
    return undefined;
  }
  for (const key in value) {
    const found = fault((value as Record<string, unknown>)[key], depth + 1);
    if (found !== undefined) return nest(found, key);
  }
  return undefined;
}

function nest(found: string | NestedFault, key: string | number): NestedFault {
  if (typeof found === 'string') return { path: [key], text: found };
  found.path.push(key);
  return found;
}
