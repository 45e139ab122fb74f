import { Dataset, Network, type NumericArray } from 'gradpool';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const rows = [
  [1, 2, 3],
  [4, 5, 6],
];

function all(dataset: Dataset): { inputs: number[]; targets: number[] }[] {
  return Array.from({ length: dataset.length }, (_, i) => dataset.pattern(i));
}

const expected = [
  { inputs: [1, 2, 3], targets: [0] },
  { inputs: [4, 5, 6], targets: [1] },
];

it('more than 4 GiB are refused before anybody looks at them', () => {
  // Nothing of it is ever written, so that the system gives it no memory.
  const inputs = new Float32Array(new SharedArrayBuffer(2 ** 32 + 2 ** 20));
  const bad: unknown = expect.objectContaining({
    code: 'ERR_DOES_NOT_FIT',
    message: expect.stringContaining('StreamedDataset.store') as string,
  });
  expect(() => Dataset.fromArrays({ inputs, inputSize: 2 ** 18, targets: [0] })).toThrow(bad);
  const row = new Float32Array(2 ** 16);
  expect(() => Dataset.fromArrays({ inputs: new Array<Float32Array>(2 ** 15).fill(row), targets: [] })).toThrow(bad);
});

describe('fromArrays: forms', () => {
  it.each([
    { name: 'nested', arrays: { inputs: rows, targets: [0, 1] } },
    { name: 'rows of typed arrays', arrays: { inputs: rows.map((row) => Float64Array.from(row)), targets: [0, 1] } },
    { name: 'flat plain', arrays: { inputs: rows.flat(), inputSize: 3, targets: [0, 1] } },
    {
      name: 'flat typed',
      arrays: { inputs: Float32Array.from(rows.flat()), inputSize: 3, targets: Uint8Array.of(0, 1) },
    },
    { name: 'rows of targets', arrays: { inputs: rows, targets: [[0], [1]] } },
    { name: 'flat targets with their size', arrays: { inputs: rows, targets: Float32Array.of(0, 1), targetSize: 1 } },
  ])('$name', ({ arrays }) => {
    const dataset = Dataset.fromArrays(arrays);
    expect(dataset.length).toBe(2);
    expect(dataset.inputSize).toBe(3);
    expect(all(dataset)).toEqual(expected);
  });

  it('a flat list of targets with a size is rows of values', () => {
    const dataset = Dataset.fromArrays({ inputs: rows, targets: Float64Array.of(1, 2, 3, 4), targetSize: 2 });
    expect(all(dataset).map(({ targets }) => targets)).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('copies: what the caller does to the arrays later does not matter', () => {
    const inputs = Float32Array.of(1, 2);
    const dataset = Dataset.fromArrays({ inputs, inputSize: 1, targets: [0, 1] });
    inputs.fill(9);
    expect(all(dataset).map(({ inputs: [x] }) => x)).toEqual([1, 2]);
  });
});

describe('fromArrays: storage', () => {
  const TYPES = [Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, Float32Array, Float64Array];

  it.each(TYPES.map((Type) => ({ Type, name: Type.name })))('$name keeps its type, in shared memory', ({ Type }) => {
    for (const size of [1, 3, 4]) {
      const values = new Type(Array.from({ length: 4 * size }, (_, i) => i)) as NumericArray;
      const dataset = Dataset.fromArrays({ inputs: values, inputSize: size, targets: values, targetSize: size });
      const { inputs, targets } = dataset.storage;
      for (const columns of [inputs, targets.columns]) {
        expect(columns.values).toBeInstanceOf(Type);
        expect(columns.values.buffer).toBeInstanceOf(SharedArrayBuffer);
        expect(columns.size).toBe(size);
      }
      expect(all(dataset).flatMap((pattern) => pattern.inputs)).toEqual(Array.from(values));
      expect(all(dataset).flatMap((pattern) => pattern.targets)).toEqual(Array.from(values));
    }
  });

  it('what is in shared memory already is not copied, where rows begin as they must', () => {
    for (const [size, same] of [
      [4, true],
      [3, false],
    ] as const) {
      const values = new Float32Array(new SharedArrayBuffer(4 * 5 * size));
      const { inputs } = Dataset.fromArrays({ inputs: values, inputSize: size, targets: [0, 1, 2, 3, 4] }).storage;
      expect(inputs.values.buffer === values.buffer).toBe(same);
    }
  });

  it.each([
    ['numbers that float32 rounds', [0.1, 0.7, -3], Float32Array],
    ['numbers that it holds', [2 ** 40, 2 ** 40 + 2 ** 20, 0], Float32Array],
    ['milliseconds since 1970', [1.7e12, 1.7e12 + 1, 1.7e12 + 60_000], Float64Array],
    ['a constant', [1.7e12 + 5, 1.7e12 + 5, 1.7e12 + 5], Float64Array],
    ['tiny numbers', [1e-84, 2e-84, 0], Float64Array],
  ])('plain numbers keep what they tell: %s', (_, values, Type) => {
    const [nested, flat] = [values.map((x) => [0.5, x]), values];
    const { storage } = Dataset.fromArrays({ inputs: nested, targets: flat });
    expect(storage.inputs.values).toBeInstanceOf(Type);
    expect(storage.targets.columns.values).toBeInstanceOf(Type);
    if (Type === Float64Array) {
      const dataset = Dataset.fromArrays({ inputs: flat, inputSize: 1, targets: nested });
      expect(all(dataset)).toEqual(values.map((x) => ({ inputs: [x], targets: [0.5, x] })));
    }
  });

  it('plain numbers become float32; bytes stay bytes', () => {
    // Two rows of three float32, padded to a multiple of 8 bytes, and two targets.
    expect(Dataset.fromArrays({ inputs: rows, targets: [0, 1] }).bytes).toBe((2 * 4 + 2) * 4);
    const bytes = Dataset.fromArrays({ inputs: new Uint8Array(800), inputSize: 8, targets: new Uint8Array(100) });
    expect(bytes.bytes).toBe(900);
  });
});

describe('fromArrays: errors', () => {
  const wrong = (arrays: unknown) => () => Dataset.fromArrays(arrays as Parameters<typeof Dataset.fromArrays>[0]);

  it.each([[[0, 1, 2]], [Uint8Array.of(0, 1, 2)], [[0, 1, 2, 0, 1, 2]]])(
    'class numbers with targetSize: %o',
    (targets) => {
      const inputs = Array.from(targets, (_, i) => [i, 0]);
      expect(wrong({ inputs, targets, targetSize: 3 })).toThrow(
        new RangeError(
          `"targetSize" expected to be left out beside one number for each of ${targets.length} inputs, as class numbers are, got 3`,
        ),
      );
      const one = Dataset.fromArrays({ inputs, targets, targetSize: 1 });
      const network = new Network({ inputs: 2, layers: [{ units: 3, activation: 'softmax' }] });
      expect(() => network.evaluate(one)).toThrow('got rows of 1: class numbers are a flat list, without "targetSize"');
    },
  );

  it('names of classes', () => {
    expect(wrong({ inputs: [[0]], targets: ['a'] })).toThrow(
      '"targets[0]" expected class number, value or row of numbers',
    );
  });

  it.each([
    [
      'NaN in a row',
      {
        inputs: [
          [1, 2],
          [3, NaN],
        ],
        targets: [0, 1],
      },
      '"inputs[1][1]" expected a finite number, got NaN',
    ],
    [
      'infinity in a flat typed list',
      { inputs: Float32Array.of(1, 2, 3, Infinity), inputSize: 2, targets: [0, 1] },
      '"inputs[1][1]" expected a finite number, got Infinity',
    ],
    [
      'a number beyond float32',
      { inputs: [[0, 1e300]], targets: [0] },
      '"inputs[0][1]" expected a number of at most 3.4e38, got 1e+300',
    ],
    ['NaN in targets', { inputs: rows, targets: [0, NaN] }, '"targets[1]" expected a finite number, got NaN'],
    [
      'NaN in typed targets',
      { inputs: rows, targets: Float32Array.of(0, NaN) },
      '"targets[1]" expected a finite number, got NaN',
    ],
    ['ragged rows', { inputs: [[1, 2], [3]], targets: [0, 1] }, '"inputs[1]" expected 2 numbers, got 1'],
    ['ragged targets', { inputs: rows, targets: [[1], [1, 2]] }, '"targets[1]" expected 1 numbers, got 2'],
    [
      'rows of another size than said',
      { inputs: rows, inputSize: 2, targets: [0, 1] },
      '"inputs[0]" expected 2 numbers, got 3',
    ],
    ['an empty list', { inputs: [], targets: [] }, '"inputs" expected at least one row, got none'],
    [
      'an empty typed list',
      { inputs: new Float32Array(0), inputSize: 2, targets: [] },
      '"inputs" expected at least one row, got none',
    ],
    ['empty rows', { inputs: [[], []], targets: [0, 1] }, '"inputs[0]" expected at least one number, got none'],
    [
      'half a row',
      { inputs: new Float32Array(5), inputSize: 2, targets: [0, 1] },
      /"inputs" expected rows of 2 numbers.*got 5/,
    ],
    ['too few targets', { inputs: rows, targets: [0] }, '"targets" expected one for each of 2 inputs, got 1'],
    [
      'too many targets',
      { inputs: rows, targets: [[0], [1], [2]] },
      '"targets" expected one for each of 2 inputs, got 3',
    ],
    [
      'no row size',
      { inputs: rows, targets: [0, 1], inputSize: 0 },
      '"inputSize" expected integer of at least 1, got 0',
    ],
  ])('%s', (_, arrays, message) => {
    expect(wrong(arrays)).toThrow(RangeError);
    expect(wrong(arrays)).toThrow(message);
  });

  it.each([
    ['a string in a row', { inputs: [[1, 'a']], targets: [0] }, '"inputs[0][1]" expected number, got "a"'],
    ['a hole in a row', { inputs: [[1, undefined]], targets: [0] }, '"inputs[0][1]" expected number, got undefined'],
    ['a row that is none', { inputs: [[1], null], targets: [0, 1] }, '"inputs[1]" expected row of numbers, got null'],
    ['numbers after rows', { inputs: [[1], 2], targets: [0, 1] }, '"inputs[1]" expected row of numbers, got 2'],
    [
      'flat inputs without their size',
      { inputs: [1, 2], targets: [0, 1] },
      '"inputSize" is needed beside a flat list of "inputs"',
    ],
    ['no inputs', { targets: [0] }, '"inputs" expected rows of numbers or a typed array, got undefined'],
    [
      '64-bit integers',
      { inputs: BigInt64Array.of(1n), inputSize: 1, targets: [0] },
      '"inputs" expected rows of numbers or a typed array',
    ],
    ['a misspelt key', { input: rows, targets: [0, 1] }, '"arrays" has no option "input"'],
    ['nothing', undefined, '"arrays" expected object, got undefined'],
  ])('%s', (_, arrays, message) => {
    expect(wrong(arrays)).toThrow(TypeError);
    expect(wrong(arrays)).toThrow(message);
  });
});

describe('targets against a network', () => {
  const network = (activation: 'softmax' | 'sigmoid' | 'linear', units: number) =>
    new Network({ inputs: 1, layers: [{ units, activation }] });
  const evaluate = (of: Network, targets: number[] | number[][]) => () =>
    of.evaluate(Dataset.fromArrays({ inputs: targets.map(() => [1]), targets }));

  it.each([
    [
      'a class that is no integer',
      network('softmax', 3),
      [0, 1.5],
      '"targets[1]" expected a class number in [0, 2], got 1.5',
    ],
    ['a class below 0', network('softmax', 3), [0, 1, -1], '"targets[2]" expected a class number in [0, 2], got -1'],
    ['a class without an output', network('softmax', 3), [3], '"targets[0]" expected a class number in [0, 2], got 3'],
    [
      'probabilities that add up to less',
      network('softmax', 2),
      [
        [0.5, 0.5],
        [0.5, 0.4],
      ],
      /"targets\[1\]" expected probabilities that add up to 1, got a sum of 0\.9/,
    ],
    [
      'a probability above 1',
      network('softmax', 2),
      [[1.5, -0.5]],
      '"targets[0][0]" expected a value in [0, 1] for cross-entropy, got 1.5',
    ],
    [
      'a binary target above 1',
      network('sigmoid', 2),
      [
        [0, 1],
        [0, 2],
      ],
      '"targets[1][1]" expected a value in [0, 1] for binary-cross-entropy, got 2',
    ],
    [
      'too narrow rows',
      network('softmax', 3),
      [[0, 1]],
      '"targets" expected class numbers, or rows of 3 values for 3 outputs, got rows of 2',
    ],
    [
      'a flat list for two outputs',
      network('linear', 2),
      [1, 2],
      '"targets" expected rows of 2 values for 2 outputs, got a flat list',
    ],
  ])('%s', (_, of, targets, message) => {
    expect(evaluate(of, targets)).toThrow(RangeError);
    expect(evaluate(of, targets)).toThrow(message);
  });

  it('only rows that belong to the view are checked', () => {
    const dataset = Dataset.fromArrays({ inputs: [[1], [1], [1]], targets: [0, 7, 1] });
    expect(() => network('softmax', 2).evaluate(dataset)).toThrow('"targets[1]"');
    expect(network('softmax', 2).evaluate(dataset.slice(2)).loss).toBeGreaterThan(0);
  });

  it('inputs of another size are refused', () => {
    const dataset = Dataset.fromArrays({ inputs: rows, targets: [0, 1] });
    expect(() => network('softmax', 2).evaluate(dataset)).toThrow(/"inputs" expected rows of 1 numbers.*got 3/);
  });
});

describe('slice and split', () => {
  const dataset = (length: number) =>
    Dataset.fromArrays({ inputs: Array.from({ length }, (_, i) => [i]), targets: Array.from({ length }, (_, i) => i) });
  const numbers = (part: Dataset) => all(part).map(({ inputs: [x] }) => x!);

  it('a slice is a view of its rows, and so is a slice of a slice', () => {
    const whole = dataset(10);
    const part = whole.slice(2, 8);
    expect(numbers(part)).toEqual([2, 3, 4, 5, 6, 7]);
    expect(numbers(part.slice(4))).toEqual([6, 7]);
    expect(part.storage).toBe(whole.storage);
    expect(() => whole.slice(10)).toThrow('"from" expected integer in [0, 9], got 10');
    expect(() => whole.slice(3, 3)).toThrow('"to" expected integer in [4, 10], got 3');
    expect(() => part.pattern(6)).toThrow('"index" expected integer in [0, 5], got 6');
  });

  it('the parts of a split are disjoint and complete', () => {
    const shares = fc.array(fc.double({ min: 0.1, max: 0.3, noNaN: true }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(shares, fc.integer({ min: 20, max: 80 }), fc.integer({ min: 0 }), (parts, length, seed) => {
        const views = dataset(length).split(parts, { seed });
        expect(views).toHaveLength(parts.length + 1);
        expect(views.flatMap(numbers).sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
      }),
    );
  });

  it('has its shares, shuffles by its seed, and keeps the order where it is asked to', () => {
    const whole = dataset(100);
    const [a, b] = whole.split(0.8, { seed: 1 });
    expect([a.length, b.length]).toEqual([80, 20]);
    expect(numbers(a)).not.toEqual(numbers(a).toSorted((x, y) => x - y));
    expect(numbers(whole.split(0.8, { seed: 1 })[0])).toEqual(numbers(a));
    expect(numbers(whole.split(0.8, { seed: 2 })[0])).not.toEqual(numbers(a));
    expect(numbers(whole.split(0.8, { shuffle: false })[1])).toEqual(Array.from({ length: 20 }, (_, i) => 80 + i));
    expect(whole.split([0.5, 0.5]).map(({ length }) => length)).toEqual([50, 50]);
    expect(whole.split([0.7, 0.15]).map(({ length }) => length)).toEqual([70, 15, 15]);
    expect(numbers(whole).slice(0, 3)).toEqual([0, 1, 2]);
    expect(a.storage).toBe(whole.storage);
  });

  it.each([[0], [1], [1.5], [-0.1], [NaN], [0.001]])('a share of %d of ten patterns is refused', (share) => {
    expect(() => dataset(10).split(share)).toThrow(RangeError);
  });

  it('shares of more than the whole, or of nothing, are refused', () => {
    expect(() => dataset(10).split([0.7, 0.5])).toThrow(RangeError);
    expect(() => dataset(10).split([])).toThrow(RangeError);
    expect(() => dataset(3).split([0.8, 0.1]), 'the rest has no pattern').toThrow(
      'expected every part to hold a pattern',
    );
    expect(() => dataset(10).split('half' as never)).toThrow(TypeError);
  });
});

describe('select', () => {
  const dataset = Dataset.fromArrays({ inputs: [[10], [11], [12], [13]], targets: [0, 1, 2, 3] });

  it('takes patterns by index, of a view too, in the order that was asked for', () => {
    const picked = dataset.slice(1).select(Uint32Array.of(2, 0, 0));
    expect(all(picked).map(({ targets }) => targets[0])).toEqual([3, 1, 1]);
    expect(picked.bytes).toBe(dataset.bytes);
  });

  it.each<[string, unknown]>([
    ['"indices.length" expected integer of at least 1, got 0', []],
    ['"indices[1]" expected integer in [0, 3], got 4', [0, 4]],
    ['"indices[0]" expected integer in [0, 3], got "0"', ['0']],
    ['"indices.length" expected integer of at least 1, got undefined', undefined],
  ])('refuses: %s', (message, indices) => {
    expect(() => dataset.select(indices as number[])).toThrow(message);
  });
});

describe('weights', () => {
  const [inputs, targets] = [
    [[10], [11], [12], [13]],
    [0, 1, 2, 3],
  ];
  const dataset = Dataset.fromArrays({ inputs, targets, weights: [0, 0.5, 2, 7] });
  const weights = (set: Dataset) => Array.from({ length: set.length }, (_, i) => set.pattern(i).weight);

  it('go with their patterns into every view', () => {
    expect(weights(dataset)).toEqual([0, 0.5, 2, 7]);
    expect(weights(dataset.slice(1, 3))).toEqual([0.5, 2]);
    expect(weights(dataset.select([3, 1, 1]))).toEqual([7, 0.5, 0.5]);
    const [a, b] = dataset.split(0.5, { seed: 1 });
    expect([...weights(a), ...weights(b)].toSorted()).toEqual([0, 0.5, 2, 7]);
    expect(dataset.bytes).toBe(4 * 4 * 3);
    expect('weight' in Dataset.fromArrays({ inputs, targets }).pattern(0)).toBe(false);
  });

  it('of a view are its own, in its order, and others keep theirs', () => {
    const view = dataset.select([2, 0]).withWeights(Float64Array.of(5, 6));
    expect(weights(view)).toEqual([5, 6]);
    expect(weights(view.slice(1))).toEqual([6]);
    expect(weights(dataset)).toEqual([0, 0.5, 2, 7]);
    expect(weights(dataset.select([1, 1]).withWeights([3, 3]))).toEqual([3, 3]);
  });

  it('have no say in targets and accuracy: a loss is the sum of weight times loss over the number of patterns', () => {
    const network = new Network({ inputs: 1, layers: [{ units: 4, activation: 'softmax' }], seed: 1 });
    const each = inputs.map((_, i) => network.evaluate(dataset.slice(i, i + 1).withWeights([1])));
    const { loss, accuracy } = network.evaluate(dataset);
    expect(loss).toBeCloseTo((0.5 * each[1]!.loss + 2 * each[2]!.loss + 7 * each[3]!.loss) / 4, 12);
    expect(accuracy).toBe(each.reduce((sum, one) => sum + one.accuracy!, 0) / 4);
  });

  it.each<[unknown, string]>([
    [[1, 2, 3], '"weights" expected one for each of 4 patterns, got 3'],
    [[1, 2, -3, 4], '"weights[2]" expected finite number of at least 0, got -3'],
    [[1, NaN, 3, 4], '"weights[1]" expected a finite number, got NaN'],
    [Float64Array.of(1, 2, 3, 1e300), '"weights[3]" expected a number of at most 3.4e38, got 1e+300'],
    ['balanced', '"weights" expected rows of numbers or a typed array, got "balanced"'],
    [7, '"weights" expected rows of numbers or a typed array, got 7'],
  ])('refuses %s', (wrong, message) => {
    const given = wrong as number[];
    expect(() => Dataset.fromArrays({ inputs, targets, weights: given })).toThrow(message);
    expect(() => dataset.withWeights(given)).toThrow(message);
  });

  it('refuses two weights for one pattern', () => {
    expect(() => dataset.select([1, 2, 1]).withWeights([3, 4, 5])).toThrow(
      new RangeError('"weights[2]" expected 3, which the same pattern had before, got 5'),
    );
  });
});
