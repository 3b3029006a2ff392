/** ECMAScript "JSON.parse source text access", which the type library does not declare yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): object };

/**
 * A value that `JSON.stringify` writes as the number it is spelled as: a double would lose the last
 * zero of `120000.10`. For the bodies of samples and sandboxes.
 *
 * @param text a JSON number
 */
export function jsonDecimal(text: string): object {
  return rawJSON(text);
}
