import type { Columns, Table } from '../core/table.ts';
import { digestOf } from '../formats/digest.ts';
import type { Network } from '../nn/network.ts';
import { type Bound, isStreamed, type Resident } from './bound.ts';

/** By what a data set is known again, as a network sees it. */
export interface Fingerprint {
  readonly rows: number;
  /** From memory, or from a disk and how. */
  readonly read: string;
  readonly inputs: number;
  /** Of a number of the inputs: 'Uint8Array'. */
  readonly inputType: string;
  /** 'classes', or 'values' and the type of a number. */
  readonly targets: string;
  /** SHA-256 of all its numbers, row by row, of its weights if it has any, and of how they are scaled. */
  readonly digest: string;
}

const PIECE = 2 ** 16;

/**
 * Reads the whole set once; some 0.1 s for 100 MB in memory, in slices.
 * @param check - throws where nobody wants to know any more
 */
export async function fingerprintOf(data: Bound, network: Network, check: () => void): Promise<Fingerprint> {
  let known: Kind | undefined;
  const digest = await digestOf(bytes());
  return { rows: data.length, read: readingOf(data), ...known!, digest };

  async function* bytes(): AsyncGenerator<Uint8Array> {
    for await (const { table, rows } of partsOf(data, network)) {
      check();
      known ??= kindOf(table);
      yield* bytesOf(table.inputs, rows);
      yield* bytesOf(table.targets.columns, rows);
      if (table.weights) yield* bytesOf({ values: table.weights, size: 1, stride: 1 }, rows);
      yield* scalingOf(table);
    }
  }
}

/** A set that is in memory, or one on a disk in pieces. */
async function* partsOf(
  data: Bound,
  { spec, normalization }: Network,
): AsyncGenerator<Pick<Resident, 'table' | 'rows'>> {
  if (!isStreamed(data)) yield data;
  else for await (const piece of data.source.pieces()) yield piece.bind(spec, normalization);
}

/** The order of a set on a disk depends on it. */
function readingOf(data: Bound): string {
  if (!isStreamed(data)) return 'from memory';
  const { blockRows, windowRows } = data.source;
  return `from a disk in blocks of ${blockRows} and windows of ${windowRows} rows, which follow from "memory"`;
}

type Kind = Omit<Fingerprint, 'rows' | 'read' | 'digest'>;

function kindOf({ inputs, targets }: Table): Kind {
  return {
    inputs: inputs.size,
    inputType: inputs.values.constructor.name,
    targets: targets.kind === 'classes' ? 'classes' : `values ${targets.columns.values.constructor.name}`,
  };
}

function* scalingOf({ affine, targets }: Table): Generator<Uint8Array> {
  const other = targets.kind === 'values' ? targets.affine : undefined;
  for (const { scale, shift } of other ? [affine, other] : [affine]) {
    yield new Uint8Array(Float64Array.from(scale).buffer);
    yield new Uint8Array(Float64Array.from(shift).buffer);
  }
}

/** The numbers of some rows, in copies: what lies in shared memory cannot be hashed where it lies. */
function* bytesOf({ values, size, stride }: Columns, rows: Uint32Array): Generator<Uint8Array> {
  const all = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const [rowBytes, strideBytes] = [size * values.BYTES_PER_ELEMENT, stride * values.BYTES_PER_ELEMENT];
  const most = Math.max(1, Math.floor(PIECE / rowBytes));
  const piece = new Uint8Array(most * rowBytes);
  for (let r = 0; r < rows.length; r += most) {
    const count = Math.min(most, rows.length - r);
    for (let i = 0; i < count; i++) {
      const at = rows[r + i]! * strideBytes;
      piece.set(all.subarray(at, at + rowBytes), i * rowBytes);
    }
    yield piece.subarray(0, count * rowBytes);
  }
}

/**
 * @param name - the argument that the data set is
 * @throws RangeError telling in what it is another
 */
export function checkSame(name: string, now: Fingerprint, then: Fingerprint): void {
  const texts: Record<keyof Fingerprint, (value: string | number) => string> = {
    rows: (value) => `${value} patterns`,
    read: (value) => `patterns that are read ${value}`,
    inputs: (value) => `patterns of ${value} inputs`,
    inputType: (value) => `inputs of type ${value}`,
    targets: (value) => `targets of the kind ${value}`,
    digest: (value) => `patterns with the digest ${String(value).slice(0, 8)}`,
  };
  for (const key of Object.keys(texts) as (keyof Fingerprint)[]) {
    if (now[key] === then[key]) continue;
    const expected = `${texts[key](then[key])}, on which the checkpoint was trained`;
    throw new RangeError(`"${name}" expected ${expected}, got ${texts[key](now[key])}`);
  }
}
