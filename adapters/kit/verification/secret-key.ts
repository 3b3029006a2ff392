import type { SecretDefinition } from './definitions.ts';
import { decodeSignature } from './signature.ts';

/**
 * The key bytes a secret stands for.
 *
 * @returns undefined when the secret is empty or not of the encoding: it must never verify
 */
export function keyOf(definition: SecretDefinition, secret: string): Buffer | undefined {
  const text = secret.startsWith(definition.prefix)
    ? secret.slice(definition.prefix.length)
    : secret;
  if (text === '') return undefined;
  if (definition.encoding === 'utf8') return Buffer.from(text);
  return decodeSignature(text, definition.encoding);
}

/** The usable keys of all active secrets, newest first. */
export function keysOf(definition: SecretDefinition, secrets: readonly string[]): Buffer[] {
  return secrets.map((secret) => keyOf(definition, secret)).filter((key) => key !== undefined);
}
