import { InvalidRequest } from '#schemas/problems.ts';

/** The opaque cursor of where a page ended: the texts its order is by. */
export function encodeCursor(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** True for instants as rows spell them: queries take no other. */
export function isInstant(text: string): boolean {
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toISOString() === text;
}

/**
 * @param checks what each part of the cursor must be
 * @throws InvalidRequest for anything encodeCursor did not make
 */
export function decodeCursor(
  cursor: string,
  checks: readonly ((text: string) => boolean)[],
): string[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(parts) && parts.length === checks.length) {
      const isOurs = checks.every((check, index) => {
        const part: unknown = parts[index];
        return typeof part === 'string' && check(part);
      });
      if (isOurs) return parts;
    }
  } catch {
    // Falls through to the one answer for every broken cursor.
  }
  throw new InvalidRequest('The cursor is not one this API gave out. Start again without it.');
}
