import { InvalidSettings } from '#schemas/problems.ts';
import type { Place } from './definitions.ts';
import type { SampleDraft } from './scheme.ts';

/**
 * Puts a value of a sample where a definition expects it.
 *
 * @throws InvalidSettings for a place in the body: a sample's body is sent as it was written
 */
export function placeValue(
  draft: SampleDraft,
  from: Place,
  name: string,
  value: string,
): SampleDraft {
  switch (from) {
    case 'header':
      return { ...draft, headers: { ...draft.headers, [name.toLowerCase()]: value } };
    case 'query': {
      const separator = draft.url.includes('?') ? '&' : '?';
      const parameter = `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
      return { ...draft, url: `${draft.url}${separator}${parameter}` };
    }
    default:
      throw new InvalidSettings(
        `A sample cannot be signed when ${name} stands in the body. Send a recorded request instead.`,
      );
  }
}
