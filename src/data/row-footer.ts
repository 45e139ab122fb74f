import { LITTLE_ENDIAN } from '../core/endian.ts';
import { describe, finite, integer, oneOf } from '../core/checks.ts';
import { badFile } from './bad-file.ts';
import { checkEncoding, type Encoding } from './encoding.ts';
import { type Field, type RowLayout, rowBytes, TYPE_NAMES } from './row-layout.ts';
import type { ColumnStatistics, RowStatistics } from './row-statistics.ts';

/** What stands behind the rows of a file: JSON, then its length in 4 bytes (little-endian), then the mark. */
export interface RowFooter {
  readonly rows: number;
  readonly layout: RowLayout;
  readonly statistics: RowStatistics;
  /** Of rows of a table: how they became patterns. */
  readonly encoding: Encoding | undefined;
}

const MARK = Buffer.from('GPROWS01', 'latin1');
/** Bytes behind the JSON. */
export const TAIL = MARK.length + 4;
const FORMAT = 'gradpool-rows';

export function footerBytes(footer: RowFooter): Buffer {
  const json = Buffer.from(JSON.stringify({ format: FORMAT, version: 1, littleEndian: LITTLE_ENDIAN, ...footer }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([json, length, MARK]);
}

/**
 * How long the JSON is, from the file's last bytes.
 * @param end - TAIL bytes
 * @throws GradpoolError ERR_BAD_FILE
 */
export function footerLength(label: string, end: Uint8Array, size: number): number {
  const tail = Buffer.from(end);
  if (tail.length < TAIL || !tail.subarray(4).equals(MARK))
    throw badFile(label, `is no file of rows that gradpool has written: expected it to end in ${MARK.toString()}`);
  const length = tail.readUInt32LE(0);
  if (length + TAIL > size) throw badFile(label, `promises ${length} bytes about its rows and has ${size} in all`);
  return length;
}

/**
 * Checks what stands about the rows.
 * @param bytes - of the rows
 * @throws GradpoolError ERR_BAD_FILE
 */
export function parseFooter(label: string, json: Uint8Array, bytes: number): RowFooter {
  try {
    const footer = object('footer', JSON.parse(Buffer.from(json).toString()));
    oneOf('format', footer.format, [FORMAT]);
    integer('version', footer.version, 1, 1);
    if (footer.littleEndian !== LITTLE_ENDIAN) throw new Error('was written on a machine of another order of bytes');
    const rows = integer('rows', footer.rows, 1, 2 ** 32 - 1);
    const layout = checkLayout(object('layout', footer.layout));
    const expected = rows * rowBytes(layout);
    if (bytes !== expected) throw new Error(`expected ${expected} bytes of ${rows} rows, got ${bytes}`);
    const statistics = checkStatistics(object('statistics', footer.statistics), layout);
    const encoding = footer.encoding === undefined ? undefined : checkEncoding('encoding', footer.encoding);
    return { rows, layout, statistics, encoding };
  } catch (cause) {
    throw badFile(label, `what it says of its rows is wrong: ${(cause as Error).message}`, cause);
  }
}

function checkLayout({ inputs, inputScale, targets, flat, weighted }: Record<string, unknown>): RowLayout {
  if (typeof flat !== 'boolean') throw new TypeError(`"flat" expected boolean, got ${describe(flat)}`);
  if (typeof weighted !== 'boolean') throw new TypeError(`"weighted" expected boolean, got ${describe(weighted)}`);
  return {
    inputs: checkField('inputs', inputs),
    inputScale: finite('inputScale', inputScale, -Infinity),
    targets: checkField('targets', targets),
    flat,
    weighted,
  };
}

function checkField(name: string, value: unknown): Field {
  const { type, size } = object(name, value);
  return { type: oneOf(`${name}.type`, type, TYPE_NAMES), size: integer(`${name}.size`, size, 1, 2 ** 28) };
}

function checkStatistics(given: Record<string, unknown>, { inputs, targets }: RowLayout): RowStatistics {
  if (typeof given.integers !== 'boolean')
    throw new TypeError(`"integers" expected boolean, got ${describe(given.integers)}`);
  const { min, max } = object('sums', given.sums);
  return {
    inputs: checkColumns('statistics.inputs', given.inputs, inputs.size),
    targets: checkColumns('statistics.targets', given.targets, targets.size),
    integers: given.integers,
    sums: { min: finite('sums.min', min, -Infinity), max: finite('sums.max', max, -Infinity) },
  };
}

function checkColumns(name: string, value: unknown, size: number): ColumnStatistics[] {
  if (!Array.isArray(value) || value.length !== size)
    throw new TypeError(`"${name}" expected a list of ${size}, got ${describe(value)}`);
  return value.map((entry: unknown, i) => {
    const { min, max, mean, deviation } = object(`${name}[${i}]`, entry);
    return {
      min: finite(`${name}[${i}].min`, min, -Infinity),
      max: finite(`${name}[${i}].max`, max, -Infinity),
      mean: finite(`${name}[${i}].mean`, mean, -Infinity),
      deviation: finite(`${name}[${i}].deviation`, deviation, 0),
    };
  });
}

function object(name: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null)
    throw new TypeError(`"${name}" expected object, got ${describe(value)}`);
  return value as Record<string, unknown>;
}
