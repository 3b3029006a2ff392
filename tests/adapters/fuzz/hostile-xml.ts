import type { Random } from '#adapters/kit/sandbox/random.ts';
import { anyLength, hostileText, longRun } from './hostile-text.ts';

const BOMB = `<!DOCTYPE l [<!ENTITY a0 "ha">${Array.from(
  { length: 30 },
  (_, index) => `<!ENTITY a${index + 1} "${`&a${index};`.repeat(10)}">`,
).join('')}]>`;

/** What no document of a provider holds: entities that grow, files that are not theirs, odd parts. */
const INSERTS = [
  BOMB,
  '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
  '<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd">',
  '&a30;',
  '&x;',
  '&#0;',
  '&#xD800;',
  '&#99999999999999999999;',
  '<![CDATA[ <a> ]]>',
  '<![CDATA[',
  '<!-- -- -->',
  '<!--',
  '<?xml version="9.9" encoding="utf-16"?>',
  '<?php ?>',
  '<a xmlns="urn:other" xmlns:xmlns="x"/>',
  '<a a="1" a="2"/>',
  '</a>',
  '<',
] as const;

/** A document of XML altered as text: parsers see what a serialiser would never write. */
export function alteredXml(text: string, random: Random, limit: number): string {
  const tags = [...text.matchAll(/<[^<>]{0,200}>/g)].map(({ index }) => index);
  const at = tags.length === 0 ? 0 : random.pick(tags);
  const insert = (what: string) => text.slice(0, at) + what + text.slice(at);
  switch (random.integer(0, 6)) {
    case 0:
      return insert(random.pick(INSERTS));
    case 1:
      return insert(nestedXml(random, limit));
    case 2:
      return insert(`<a ${'b="1" '.repeat(anyLength(random, limit / 6))}/>`);
    case 3:
      return insert(`<a b="${longRun(random, limit).replaceAll('"', '')}"/>`);
    case 4: {
      const end = tags.length === 0 ? text.length : random.pick(tags);
      const part = text.slice(Math.min(at, end), Math.max(at, end));
      const times = Math.floor(anyLength(random, limit) / Math.max(1, part.length));
      return insert(part.repeat(Math.max(1, times)));
    }
    case 5:
      return text.slice(0, at) + text.slice(text.indexOf('>', at) + 1);
    default:
      return text.replace(/>[^<>]{1,200}</, () => `>${hostileText(random, limit)}<`);
  }
}

export function hostileXml(random: Random, limit: number): string {
  return random.pick([BOMB, '<?xml version="1.0"?>', '']) + nestedXml(random, limit);
}

function nestedXml(random: Random, limit: number): string {
  const depth = anyLength(random, limit / 8);
  return (
    '<a>'.repeat(depth) + random.pick(INSERTS) + '</a>'.repeat(random.next() < 0.7 ? depth : 0)
  );
}
