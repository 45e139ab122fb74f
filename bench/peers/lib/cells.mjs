// What is compared: three networks, each at several batch sizes.

/**
 * @typedef {'A' | 'B' | 'C'} NetworkName
 * @typedef {object} Cell
 * @property {string} key - "A:64"
 * @property {NetworkName} network
 * @property {readonly number[]} widths - n_0, n_1, ..., n_L
 * @property {number} batch - rows in a mini-batch
 */

/** ReLU hidden layers, softmax outputs with cross-entropy, plain SGD. */
export const NETWORKS = {
  A: [784, 128, 10],
  B: [784, 1024, 1024, 10],
  C: [16, 32, 32, 4],
};

const BATCHES = [1, 16, 64, 256, 1024, 4096];

/** All 17: B with one pattern at a time is left out. */
export const CELLS = Object.keys(NETWORKS).flatMap((network) =>
  BATCHES.filter((batch) => network !== 'B' || batch > 1).map((batch) => cell(network, batch)),
);

/** One for each network, to see that everything works. */
export const QUICK_CELLS = [cell('A', 16), cell('B', 64), cell('C', 64)];

/** @returns {Cell} */
function cell(network, batch) {
  return { key: `${network}:${batch}`, network, widths: NETWORKS[network], batch };
}

/**
 * @param {string} list - "A:1,B:64", or "A" for all of its cells
 * @returns {Cell[]}
 */
export function parseCells(list) {
  return list.split(',').flatMap((name) => {
    const found = CELLS.filter(({ key, network }) => name === key || name === network);
    if (found.length === 0) throw new RangeError(`--cells expects cells like A:64 or networks like A, got "${name}"`);
    return found;
  });
}
