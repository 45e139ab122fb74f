import { badFile, inColumn, LEAVE_OUT } from './bad-file.ts';
import { MOST_COLUMNS, numberedNames } from './choose-columns.ts';
import { type Element, elementOf } from './npy-element.ts';
import { type Literal, parseLiteral } from './python-literal.ts';

/** A part of a record; of an array of plain elements there is one, without a name. */
export interface Field {
  readonly name: string;
  readonly element: Element;
  /** Bytes from the beginning of the record. */
  readonly offset: number;
  /** How many elements it holds; undefined for one that stands alone. */
  readonly count: number | undefined;
}

/** What the beginning of a .npy file says. */
export interface Header {
  /** Of an array of records several, or one with a name. */
  readonly fields: readonly Field[];
  /** Of an element or a record. */
  readonly itemBytes: number;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  readonly count: number;
  /** Bytes of the header, and of the whole file. */
  readonly length: number;
  readonly total: number;
}

/** A column of an array of P x any shape. */
export interface ArrayColumn {
  readonly name: string;
  readonly element: Element;
  /** Which item of a row it is in, and where in it. */
  readonly item: number;
  readonly offset: number;
}

/** The header of an array has some 100 bytes, more where there are many fields. */
export const LONGEST_HEADER = 2 ** 16;
const MAGIC = '\x93NUMPY';

/** Undefined where there are not enough bytes yet. */
export function headerOf(label: string, bytes: Uint8Array): Header | undefined {
  const magic = latin1(bytes, 0, MAGIC.length);
  if (!MAGIC.startsWith(magic))
    throw notNpy(label, `expected it to begin with "\\x93NUMPY", got ${JSON.stringify(magic)}`);
  if (bytes.length < 12) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6]!;
  if (version < 1 || version > 3) throw notNpy(label, `expected version 1, 2 or 3, got ${version}`);
  const start = version === 1 ? 10 : 12;
  const size = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (size > LONGEST_HEADER) throw notNpy(label, `expected a header of at most ${LONGEST_HEADER} bytes, got ${size}`);
  if (bytes.length < start + size) return undefined;
  const text = Buffer.from(bytes.slice(start, start + size)).toString(version === 3 ? 'utf8' : 'latin1');
  return parseHeader(label, text.trim(), start + size);
}

/** Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`. */
function parseHeader(label: string, text: string, length: number): Header {
  const what = `got the header ${JSON.stringify(text.slice(0, 100).replaceAll(/\s+/g, ' '))}`;
  const entries = parseLiteral(text);
  const entry = (name: string) => (entries instanceof Map ? (entries.get(name) as Literal | undefined) : undefined);
  const [descr, fortran, shape] = ['descr', 'fortran_order', 'shape'].map(entry);
  if (descr === undefined || typeof fortran !== 'boolean' || !Array.isArray(shape))
    throw notNpy(label, `expected descr, fortran_order and shape, ${what}`);
  const sizes = shape as Literal[];
  if (!sizes.every((size) => Number.isSafeInteger(size) && (size as number) >= 0) || sizes.length > 32)
    throw notNpy(label, `expected at most 32 dimensions that can be counted, ${what}`);
  const fields: Field[] = [];
  const itemBytes = addFields(fields, descr, '', 0);
  if (itemBytes === undefined) throw badFile(label, `holds elements of a type that is not known: ${what}`);
  const numbers = sizes as number[];
  const count = numbers.reduce((product, size) => product * size, 1);
  const total = length + count * itemBytes;
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(total))
    throw notNpy(label, `expected at most 32 dimensions that can be counted, ${what}`);
  return { fields, itemBytes, fortran: fortran && widthOf(numbers) > 1, shape: numbers, count, length, total };
}

/** @returns the bytes of an item; undefined where a type is not written as one */
function addFields(fields: Field[], descr: Literal, name: string, offset: number): number | undefined {
  if (typeof descr === 'string') {
    const element = elementOf(descr);
    if (element !== undefined) fields.push({ name, element, offset, count: undefined });
    return element?.bytes;
  }
  if (!Array.isArray(descr)) return undefined;
  let size = 0;
  for (const entry of descr as Literal[]) {
    const [named, type, shape] = Array.isArray(entry) ? (entry as Literal[]) : [];
    // A title stands before the name.
    const own = Array.isArray(named) ? (named as Literal[])[1] : named;
    if (typeof own !== 'string' || type === undefined) return undefined;
    const path = name === '' ? own : `${name}.${own}`;
    const bytes = shape === undefined ? addFields(fields, type, path, offset + size) : undefined;
    const several = shape === undefined ? bytes : addSeveral(fields, type, path, offset + size, shape);
    if (several === undefined) return undefined;
    size += several;
  }
  return size;
}

/** A field that is an array itself, of elements that are not. */
function addSeveral(fields: Field[], type: Literal, name: string, offset: number, shape: Literal): number | undefined {
  const element = typeof type === 'string' ? elementOf(type) : undefined;
  const sizes = (Array.isArray(shape) ? shape : [shape]) as Literal[];
  if (element === undefined || !sizes.every((size) => Number.isSafeInteger(size) && (size as number) >= 0))
    return undefined;
  const count = (sizes as number[]).reduce((product, size) => product * size, 1);
  fields.push({ name, element, offset, count });
  return count * element.bytes;
}

/** Items of a row; of one it does not matter which way they are stored. */
export function widthOf(shape: readonly number[]): number {
  return shape.slice(1).reduce((product, size) => product * size, 1);
}

/**
 * The columns of an array.
 * @param name - of the array in its archive; undefined where it is the only one, whose columns are c1, c2, ... or its fields
 * @throws GradpoolError ERR_BAD_FILE
 */
export function columnsOf(label: string, { fields, shape }: Header, name: string | undefined): ArrayColumn[] {
  const width = widthOf(shape);
  // What NumPy fills records up with has no name.
  const used = fields.filter(({ name: own }) => own !== '' || fields.length === 1);
  const all = width * used.reduce((sum, { count = 1 }) => sum + count, 0);
  if (!(all <= MOST_COLUMNS)) throw badFile(label, `expected at most ${MOST_COLUMNS} columns, got ${all}`);
  const columns: ArrayColumn[] = [];
  for (let item = 0; item < width; item++) {
    for (const { name: own, element, offset, count } of used) {
      const stems = [...(name === undefined ? [] : [name]), ...(own === '' ? [] : [own])];
      const number = shape.length > 1 || stems.length === 0 ? [String(item + 1)] : [];
      const stem = stems.length === 0 ? `c${item + 1}` : [...stems, ...number].join('_');
      const names = count === undefined ? [stem] : numberedNames(count, `${stem}_`);
      names.forEach((text, k) => columns.push({ name: text, element, item, offset: offset + k * element.bytes }));
    }
  }
  return columns;
}

/**
 * How the value of a column is read.
 * @throws GradpoolError ERR_BAD_FILE where it is of a type that is neither numbers nor texts
 */
export function readerOf(label: string, { name, element }: ArrayColumn): NonNullable<Element['read']> {
  if (element.read !== undefined) return element.read;
  const { dtype } = element;
  const kind = /[a-zA-Z]/.exec(dtype)?.[0] ?? '';
  const what = { O: 'Python objects', c: 'complex numbers' }[kind] ?? 'neither numbers nor texts';
  throw badFile(
    inColumn(label, name),
    `holds ${what}, got the type ${JSON.stringify(dtype)} where f2 to f8, i1 to i8, u1 to u8, b1, U, S and M8 can be read: ` +
      LEAVE_OUT,
  );
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.slice(from, to)).toString('latin1');
}

export function notNpy(label: string, what: string): Error {
  return badFile(label, `is not a .npy file: ${what}`);
}
