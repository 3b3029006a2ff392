import protobuf from 'protobufjs/minimal.js';
import { InvalidRow } from '#schemas/problems.ts';
import type { ColumnType, Table } from '#schemas/tables.ts';
import { type Instant, parseDate, parseInstant } from '../instant.ts';
import { toColumns } from '../row-encoder.ts';
import type { CellValue, Row } from '../warehouse.ts';

type Writer = protobuf.Writer;

/** A field of a protobuf message, as descriptor.proto numbers types and labels. */
export interface FieldDescriptor {
  readonly name: string;
  readonly number: number;
  readonly type: number;
  readonly label: number;
}

export interface RowDescriptor {
  readonly name: string;
  readonly field: readonly FieldDescriptor[];
}

interface Encoding {
  /** descriptor.proto, FieldDescriptorProto.Type. */
  readonly fieldType: number;
  /** Protobuf wire type, the low three bits of a tag. */
  readonly wireType: number;
  readonly write: (writer: Writer, value: CellValue) => void;
}

const VARINT = 0;
const BYTES = 2;
const LABEL_OPTIONAL = 1;
const LABEL_REQUIRED = 2;

/** The protobuf type of each of ours, by BigQuery's table "Data type conversions" (Write API). */
const ENCODINGS: Readonly<Record<ColumnType, Encoding>> = {
  STRING: {
    fieldType: 9,
    wireType: BYTES,
    write: (writer, value) => writer.string(value as string),
  },
  INT64: {
    fieldType: 3,
    wireType: VARINT,
    write: (writer, value) => writer.int64(value as number),
  },
  BOOL: { fieldType: 8, wireType: VARINT, write: (writer, value) => writer.bool(value as boolean) },
  // As text: the digits arrive as they are, and nothing can round them.
  NUMERIC: {
    fieldType: 9,
    wireType: BYTES,
    write: (writer, value) => writer.string(value as string),
  },
  TIMESTAMP: {
    fieldType: 3,
    wireType: VARINT,
    write: (writer, value) => writer.int64(epochMicros(parseInstant(value as string))),
  },
  DATE: {
    fieldType: 5,
    wireType: VARINT,
    write: (writer, value) => writer.int32(parseDate(value as string) ?? 0),
  },
};

/** Describes the rows of a table to BigQuery: columns by name, numbered in their order from 1. */
export function rowDescriptor(table: Table): RowDescriptor {
  const field = table.columns.map(({ name, type, required }, index) => ({
    name,
    number: index + 1,
    type: ENCODINGS[type].fieldType,
    label: required ? LABEL_REQUIRED : LABEL_OPTIONAL,
  }));
  return { name: 'Row', field };
}

/** Encodes rows, a protobuf message each. @throws InvalidRow; then no row may be sent */
export type RowEncoder = (rows: readonly Row[]) => Uint8Array[];

/**
 * Makes the encoder of a table. It is strict: a value that does not fit its column is refused, never
 * changed. A null is left out. The one exception is half of a surrogate pair, which UTF-8 has no form
 * for and which becomes U+FFFD, as everywhere in Node.
 *
 * @param maxRowBytes longest row that can be sent
 * @returns an encoder whose InvalidRow names the row, and the column if it is one
 */
export function rowEncoder(table: Table, maxRowBytes: number): RowEncoder {
  const columns = table.columns.map(({ name, type }, index) => ({
    name,
    tag: ((index + 1) << 3) | ENCODINGS[type].wireType,
    write: ENCODINGS[type].write,
  }));
  return (rows) => {
    if (rows.length === 0) return [];
    // Only for its checks, which the other driver shares: copying cells to lists is the cheap part.
    toColumns(table, rows);
    return rows.map((row, index) => {
      const writer = protobuf.Writer.create();
      for (const { name, tag, write } of columns) {
        const value = row[name];
        if (value !== null && value !== undefined) write(writer.uint32(tag), value);
      }
      if (writer.len > maxRowBytes) throw tooLarge(table, index, writer.len, maxRowBytes);
      return writer.finish();
    });
  };
}

/** A whole number for protobuf: exact as a double, or in two halves of 32 bits. */
function epochMicros(instant: Instant | undefined): number | protobuf.Long {
  const { seconds, micros } = instant ?? { seconds: 0, micros: 0 };
  const total = seconds * 1_000_000 + micros;
  if (Number.isSafeInteger(total)) return total;
  const exact = BigInt.asUintN(64, BigInt(seconds) * 1_000_000n + BigInt(micros));
  const low = Number(exact & 0xffff_ffffn);
  return { low, high: Number(exact >> 32n), unsigned: false } as protobuf.Long;
}

function tooLarge(table: Table, index: number, sizeBytes: number, limitBytes: number): InvalidRow {
  const message = `it is ${sizeBytes} bytes long; ${limitBytes} can be sent`;
  return new InvalidRow(`Row ${index} does not fit ${table.name}: ${message}.`, {
    faults: [{ pointer: `/${index}`, message }],
  });
}
