import { describe, flag, options, wrongValue } from '../core/checks.ts';
import type { Affine } from '../core/table.ts';
import { checkEncoding, type ColumnEncoding, type Encoding, widthOf } from '../data/encoding.ts';
import type { Network } from '../nn/network.ts';

/** What goes into an exported model besides the network. */
export interface ExportOptions {
  /** That of the table: messages then have the names of its columns. */
  encoding?: Encoding | undefined;
  /** Refuse where float32, in which an exported model takes its inputs and gives its outputs, cannot hold them. Default true. */
  checkRange?: boolean | undefined;
}

const LARGEST = 3.4e38;
/** By how much float32 is off, relative to a number: it is rounded, and so is what is added to it. */
const ROUNDING = 2 ** -23;
/** By how much a normalised number may be off. */
const MOST_ERROR = 2 ** -10;
/** Values are taken to lie so far from the centre, in units of the normalisation. */
const REACH = 8;

/**
 * Checks that float32 holds what the normalisation was made for; without one nothing is known.
 * @throws TypeError, RangeError naming the option or the column
 */
export function checkFloat32Range(network: Network, given: ExportOptions): void {
  const { encoding, checkRange = true } = options<ExportOptions>('options', given, ['encoding', 'checkRange']);
  const { spec, normalization } = network;
  const columns = encoding === undefined ? undefined : checkEncoding('encoding', encoding);
  if (columns !== undefined && columns.inputSize !== spec.inputs) {
    throw wrongValue('encoding', `that of the network's ${spec.inputs} inputs`, encoding);
  }
  if (!flag('checkRange', checkRange)) return;
  checkColumns('inputs', normalization.inputs, columns?.inputs);
  checkColumns('targets', normalization.targets, columns?.targets);
}

function checkColumns(
  what: 'inputs' | 'targets',
  affine: Affine | undefined,
  encoded: readonly ColumnEncoding[] | undefined,
): void {
  const names = encoded?.flatMap((column) => new Array<string>(widthOf(column)).fill(column.name));
  affine?.scale.forEach((scale, i) => {
    const name = names === undefined ? `column ${i}` : `column ${describe(names[i])}`;
    if (!Number.isFinite(Math.fround(scale))) {
      throw new RangeError(`"normalization.${what}" expected factors in float32, got ${scale} in ${name}`);
    }
    const fault = faultOf(scale, affine.shift[i]!);
    if (fault === undefined) return;
    throw new RangeError(
      `"network" expected ${what} that float32 holds, as the exported model has them; ${name} ${fault}. ` +
        'Subtract an offset from the column before training, or export with checkRange: false',
    );
  });
}

function faultOf(scale: number, shift: number): string | undefined {
  const centre = -shift / scale;
  const unit = Math.abs(1 / scale);
  if (Math.abs(centre) + REACH * unit > LARGEST) {
    return `has values around ${short(centre)}, of which one unit is ${short(unit)}: more than float32 has`;
  }
  if (ROUNDING * Math.abs(shift) <= MOST_ERROR) return undefined;
  const step = 2 ** (Math.floor(Math.log2(Math.abs(centre))) - 23);
  return `has values around ${short(centre)}, where float32 has steps of ${step}, and one unit of the normalisation is ${short(unit)}`;
}

function short(value: number): number {
  return Number(value.toPrecision(6));
}
