import { types } from 'pg';

type Parser = (text: string) => unknown;
type Oid = Parameters<typeof types.getTypeParser>[0];

/** OIDs that pg's list of names leaves out. Source: PostgreSQL's pg_type.dat. */
const TEXT_ARRAY = 1009;
const INT8_ARRAY = 1016;
const NUMERIC_ARRAY = 1231;

const asText: Parser = (text) => text;
const textArray = types.getTypeParser(TEXT_ARRAY as Oid) as Parser;

/**
 * Where pg's own reading is not the embedded driver's. Numbers a double cannot hold stay text, also
 * in arrays; a date is midnight UTC, not midnight wherever the process runs.
 */
const OWN: ReadonlyMap<number, Parser> = new Map<number, Parser>([
  [types.builtins.NUMERIC, asText],
  [types.builtins.INT8, asText],
  [NUMERIC_ARRAY, textArray],
  [INT8_ARRAY, textArray],
  [types.builtins.DATE, (text) => new Date(text)],
  [types.builtins.INTERVAL, asText],
]);

/** How values are read, for this driver alone: pg's `types` are global to the process. */
export const VALUE_PARSERS = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    (format !== 'binary' && OWN.get(oid)) ||
    types.getTypeParser(oid, format)) as typeof types.getTypeParser,
};
