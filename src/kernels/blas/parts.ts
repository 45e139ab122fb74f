import type { LayerPlan } from '../../memory/layout.ts';
import type { Share } from '../kernels.ts';

/** Inputs of a tile of W_l: a BLAS is as fast on so many as on all. */
const TILE = 128;

/** What a share has of one layer. */
export interface LayerRows {
  /** The tiles of inputs are [bounds[i], bounds[i + 1]). */
  readonly bounds: readonly number[];
  /** Groups of 8 columns of the bias. */
  readonly biasFrom: number;
  readonly biasTo: number;
}

export interface RowShare extends Share {
  readonly layers: readonly LayerRows[];
}

/** Rows of a piece, if there are to be `parts` pieces of `rows`: a multiple of 8, at most `most`. */
export function pieceOf(rows: number, parts: number, most: number): number {
  return Math.min(most, 8 * Math.ceil(rows / (8 * parts)));
}

/**
 * Cuts the rows of every W_l into tiles, as many for each of `parts`, and gives part `index` of `count` its run of them.
 * The tiles do not depend on `count`.
 */
export function shareOfRows(layers: readonly LayerPlan[], index: number, count: number, parts: number): RowShare {
  const bound = (total: number, i: number) => Math.floor((total * i) / count);
  const own = layers.map(({ weights, bias }) => {
    const tiles = Math.min(Math.ceil(weights.rows / 8), parts * Math.ceil(weights.rows / (parts * TILE)));
    const bounds = Array.from({ length: tiles + 1 }, (_, i) => Math.round((weights.rows * i) / tiles / 4) * 4);
    bounds[tiles] = weights.rows;
    const groups = bias.paddedColumns / 8;
    return {
      bounds: bounds.slice(bound(tiles, index), bound(tiles, index + 1) + 1),
      biasFrom: bound(groups, index),
      biasTo: bound(groups, index + 1),
    };
  });
  const elements = own.flatMap(({ bounds, biasFrom, biasTo }, l) => {
    const { weights, bias } = layers[l]!;
    const at = (row: number) => (weights.offset + row * weights.stride) / 4;
    return [
      { begin: at(bounds[0]!), end: at(bounds.at(-1)!) },
      { begin: bias.offset / 4 + biasFrom * 8, end: bias.offset / 4 + biasTo * 8 },
    ];
  });
  return { index, count, layers: own, elements: elements.filter(({ begin, end }) => begin < end) };
}
