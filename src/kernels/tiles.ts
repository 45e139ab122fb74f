import { ACTIVATION_TABLE } from '../core/activations.ts';
import { dropoutOf, type NetworkSpec } from '../core/spec.ts';
import type { LayerPlan } from '../memory/layout.ts';
import type { Share } from './kernels.ts';

export const LINEAR = ACTIVATION_TABLE.linear.code;

/** What is applied layer by layer: nothing after the last, whose outputs are made by `outputs`. */
export function activationCodes({ layers }: NetworkSpec): number[] {
  return layers.map(({ activation }, i) => (i === layers.length - 1 ? LINEAR : ACTIVATION_TABLE[activation].code));
}

/** What `backward` applies the derivative of, layer by layer from the inputs on: nothing below the first, or where `dropDelta` will. */
export function derivativeCodes(spec: NetworkSpec): number[] {
  const codes = activationCodes(spec);
  return codes.map((_, l) => (l === 0 || dropoutOf(spec, l) > 0 ? LINEAR : codes[l - 1]!));
}

/** One call into the kernels does at most this much, so that a worker's heartbeat never pauses for long. */
const FLOPS_PER_CALL = 1e9;

/** One layer's offsets within a slot and its sizes, resolved once. */
export interface Layer {
  readonly weights: number;
  readonly bias: number;
  /** Bytes from panel to panel of the weights. */
  readonly stride: number;
  /** n_{l-1}, padded. */
  readonly inputs: number;
  /** n_l in panels. */
  readonly panels: number;
  /** Real columns in the last panel. */
  readonly tail: number;
  readonly activation: number;
  /** Of the layer below, for the delta that goes down to it; linear where that has dropout. */
  readonly activationBelow: number;
}

export function resolveLayers(spec: NetworkSpec, layers: readonly LayerPlan[]): Layer[] {
  const codes = activationCodes(spec);
  const derivatives = derivativeCodes(spec);
  return layers.map(({ weights, bias }, i) => ({
    weights: weights.offset,
    bias: bias.offset,
    stride: weights.stride,
    inputs: Math.ceil(weights.rows / 8) * 8,
    panels: weights.paddedColumns / 8,
    tail: ((weights.columns - 1) % 8) + 1,
    activation: codes[i]!,
    activationBelow: derivatives[i]!,
  }));
}

/** How many panels of 8 columns one call may work on. */
export function panelsPerCall(rows: number, depth: number): number {
  return Math.max(1, Math.floor(FLOPS_PER_CALL / (16 * rows * depth)));
}

/** The inputs [first, last) of `panels` panels from panel `panel` on: what one call of a gradient kernel covers. */
export interface Run {
  readonly panel: number;
  readonly panels: number;
  readonly first: number;
  readonly last: number;
}

/** What a share has of one layer. */
export interface LayerShare {
  readonly runs: readonly Run[];
  /** Panels of the bias: those whose first tile is in the share. */
  readonly biasFrom: number;
  readonly biasTo: number;
}

export interface TileShare extends Share {
  readonly layers: readonly LayerShare[];
}

/**
 * Cuts every layer into tiles of 4 inputs x 8 units, panel by panel, and gives part `index` of `count` its run of them.
 * All tiles cost the same, so equal numbers are equal work.
 * @param rows - the most rows that a call will run over
 */
export function shareOfTiles(layers: readonly Layer[], index: number, count: number, rows: number): TileShare {
  const own = layers.map((layer) => shareOfLayer(layer, index, count, rows));
  const elements = own.flatMap(({ biasFrom, biasTo, begin, end }, l) => [
    { begin: begin / 4, end: end / 4 },
    { begin: layers[l]!.bias / 4 + biasFrom * 8, end: layers[l]!.bias / 4 + biasTo * 8 },
  ]);
  return { index, count, layers: own, elements: elements.filter(({ begin, end }) => begin < end) };
}

function shareOfLayer(
  { weights, stride, inputs, panels }: Layer,
  index: number,
  count: number,
  rows: number,
): LayerShare & { begin: number; end: number } {
  const deep = inputs / 4;
  const tiles = panels * deep;
  const begin = Math.floor((tiles * index) / count);
  const end = Math.floor((tiles * (index + 1)) / count);
  const most = panelsPerCall(rows, inputs);
  const runs: Run[] = [];
  for (let tile = begin; tile < end;) {
    const panel = Math.floor(tile / deep);
    const first = tile - panel * deep;
    const whole = first === 0 ? Math.min(most, Math.floor(end / deep) - panel) : 0;
    const last = whole > 0 ? deep : Math.min(deep, first + end - tile);
    runs.push({ panel, panels: Math.max(1, whole), first: first * 4, last: last * 4 });
    tile += Math.max(1, whole) * deep - first - (deep - last);
  }
  const bytes = (tile: number) => weights + Math.floor(tile / deep) * stride + (tile % deep) * 128;
  return {
    runs,
    biasFrom: Math.ceil(begin / deep),
    biasTo: Math.ceil(end / deep),
    begin: bytes(begin),
    end: bytes(end),
  };
}
