import { parsePointer } from '#adapters/kit/json-pointer.ts';

interface Format {
  /** Written by hand, or a pattern that cannot backtrack: an author's text meets it. */
  test(text: string): boolean;
  /** What is due, as the end of a sentence. */
  readonly expects: string;
}

/** The formats the schema of a definition names. */
export const FORMATS: Readonly<Record<string, Format>> = {
  'own-json-pointer': {
    test: (text) => parsePointer(text) !== undefined,
    expects: 'a JSON Pointer such as /data/id (RFC 6901) that names no prototype',
  },
  'header-name': {
    test: (text) => /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/.test(text),
    expects: 'the name of a header',
  },
  'uri-base': {
    test: (text) => text === 'configured' || /^https?:\/\/[A-Za-z0-9.:[\]-]+$/.test(text),
    expects: '"configured" or an origin such as https://hooks.example.com, without a path',
  },
  'basic-username': {
    test: (text) => text !== '' && !text.includes(':'),
    expects: 'a user name without a colon',
  },
  'media-type': {
    test: (text) => /^[a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+-]{1,64}$/.test(text),
    expects: 'a media type in lower case without parameters, such as text/json',
  },
  'field-name': {
    test: (text) => /^[A-Za-z][A-Za-z0-9_]{0,62}$/.test(text) && !PROTOTYPE_NAMES.has(text),
    expects: 'a name of letters, digits and underscores that begins with a letter',
  },
};

const PROTOTYPE_NAMES = new Set(['constructor', 'prototype']);
