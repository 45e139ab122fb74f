import { describe, flag, options, wrongValue } from '../core/checks.ts';
import { checkEncoding, type Encoding, widthOf } from '../data/encoding.ts';
import type { Network } from '../nn/network.ts';

/** What goes into an exported model besides the network. */
export interface ExportOptions {
  /** That of the table: messages then have the names of its columns. */
  encoding?: Encoding | undefined;
  /** Refuse where float32, in which an exported model takes its inputs, cannot hold them. Default true. */
  checkInputs?: boolean | undefined;
}

/** Half a step of float32, relative to a number. */
const HALF_STEP = 2 ** -24;
const LARGEST = 3.4e38;
/** By how much a normalised input may be off: the input is rounded, and so is its mean. */
const MOST_ERROR = 2 ** -10;
/** Values are taken to lie so far from the centre, in units of the normalisation. */
const REACH = 8;

/**
 * Checks that float32 holds what the normalisation was made for; without one nothing is known.
 * @throws TypeError, RangeError naming the option or the column
 */
export function checkFloat32Inputs(network: Network, given: ExportOptions): void {
  const { encoding, checkInputs = true } = options<ExportOptions>('options', given, ['encoding', 'checkInputs']);
  const names = encoding === undefined ? undefined : inputNames(checkEncoding('encoding', encoding));
  const { spec, normalization } = network;
  if (names !== undefined && names.length !== spec.inputs) {
    throw wrongValue('encoding', `that of the network's ${spec.inputs} inputs`, encoding);
  }
  if (!flag('checkInputs', checkInputs) || normalization.inputs === undefined) return;
  const { scale, shift } = normalization.inputs;
  scale.forEach((a, i) => {
    const centre = -shift[i]! / a;
    const unit = Math.abs(1 / a);
    const name = names === undefined ? `column ${i}` : `column ${describe(names[i])}`;
    if (!Number.isFinite(Math.fround(a))) {
      throw new RangeError(`"normalization.inputs" expected factors in float32, got ${a} in ${name}`);
    }
    const fault =
      Math.abs(centre) + REACH * unit > LARGEST
        ? `has values around ${short(centre)}, of which one unit is ${short(unit)}: more than float32 has`
        : 2 * HALF_STEP * Math.abs(shift[i]!) > MOST_ERROR
          ? `has values around ${short(centre)}, where float32 has steps of ${stepAt(centre)}, and one unit of the normalisation is ${short(unit)}`
          : undefined;
    if (fault === undefined) return;
    throw new RangeError(
      `"network" expected inputs that float32 holds, as the exported model takes them; ${name} ${fault}. ` +
        'Subtract an offset from the column before training, or export with checkInputs: false',
    );
  });
}

/** The names of the inputs that the columns of a table become. */
function inputNames({ inputs }: Encoding): string[] {
  return inputs.flatMap((column) => new Array<string>(widthOf(column)).fill(column.name));
}

function stepAt(value: number): number {
  return 2 ** (Math.floor(Math.log2(Math.abs(value))) - 23);
}

function short(value: number): number {
  return Number(value.toPrecision(6));
}
