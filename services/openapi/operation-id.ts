/**
 * The name of an operation by its method and path: `listEvents`, `getConnection`, `createReplay`,
 * `pauseReplay`. Clients name their calls by it, so it changes only when the path does.
 *
 * @param path as OpenAPI spells it, with parameters in braces
 * @param isList whether it answers a list of what the path names
 */
export function operationId(method: string, path: string, isList: boolean): string {
  const parts = path.split('/').filter((part) => part !== '' && !/^v\d+$/.test(part));
  const { words, verb } = split(method, parts);
  const isOne = parts[parts.length - (verb ? 2 : 1)]?.startsWith('{') ?? false;
  const noun = words.map((word, index) =>
    isOne || index < words.length - 1 || method === 'post' ? singular(word) : word,
  );
  const name = pascal(isList || (verb && !isOne) ? [...noun.slice(0, -1), words.at(-1)] : noun);
  const by = parts.at(-2)?.startsWith('{') && isParameter(parts.at(-1)) ? `By${own(parts)}` : '';
  if (!verb) return `${isList ? 'list' : VERBS[method]}${name}${by}`;
  const [first = '', ...more] = verb.split('-');
  return `${first}${name}${pascal(more)}`;
}

const VERBS: Readonly<Record<string, string>> = {
  get: 'get',
  post: 'create',
  put: 'put',
  patch: 'update',
  delete: 'delete',
};

/** A POST whose path ends in what is no plural is an act on what stands before it. */
function split(method: string, parts: readonly string[]): { words: string[]; verb?: string } {
  const words = parts.filter((part) => !isParameter(part));
  const last = parts.at(-1) ?? '';
  const isAct = method === 'post' && words.length > 1 && !isParameter(last) && !isPlural(last);
  return isAct ? { words: words.slice(0, -1), verb: last } : { words };
}

function isParameter(part: string | undefined): boolean {
  return part?.startsWith('{') ?? false;
}

/** The last parameter's own name. */
function own(parts: readonly string[]): string {
  return pascal((parts.at(-1) ?? '').slice(1, -1).split('_'));
}

/** True for words such as events, replays, api-keys. */
export function isPlural(word: string): boolean {
  return /[^sui]s$/.test(word);
}

function singular(word: string): string {
  if (!isPlural(word)) return word;
  return word
    .replace(/ies$/, 'y')
    .replace(/(ss|sh|ch|x)es$/, '$1')
    .replace(/s$/, '');
}

function pascal(words: readonly (string | undefined)[]): string {
  return words
    .flatMap((word) => word?.split(/[-_]/) ?? [])
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
