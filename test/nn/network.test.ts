import { Dataset, Network, type NetworkOptions, numericalJacobian, Trainer } from 'gradpool';
import { describe, expect, it } from 'vitest';
import { expectClose, expectSameBits, flatten, sameBits } from '../close.ts';
import { batches, flatLayers, GOLDEN } from '../golden.ts';
import { HIDDEN_ACTIVATIONS } from '#src/core/activations.js';
import { Random } from '#src/core/random.js';
import { PAIRS } from '#src/core/spec.js';

const EXACT = { relative: 1e-9, floor: 1e-6 };
const HIDDEN = HIDDEN_ACTIVATIONS;

describe.each(GOLDEN)('golden $name', (golden) => {
  it('gradients, outputs and loss are those of PyTorch', () => {
    const network = new Network(golden.spec);
    network.setParameters(golden.params);
    const { from, to } = batches(golden)[0]!;
    const batch = { inputs: golden.x.slice(from, to), targets: golden.d.slice(from, to) as number[] };
    const { loss, outputs, gradients } = network.gradients(batch);
    expectClose('loss', [loss], [golden.first.loss], EXACT);
    expectClose('outputs', outputs, golden.first.outputs.flat(), EXACT);
    expectClose('gradients', flatten(gradients), flatten(flatLayers(golden.first.gradients)), EXACT);
    const predicted = golden.first.outputs.flat().map(Math.fround);
    expectClose('predict', network.predict(batch.inputs), predicted, { relative: 1e-6, floor: 1e-3 });
  });
});

describe('parameters', () => {
  const options: NetworkOptions = {
    inputs: 2,
    layers: [
      { units: 3, activation: 'tanh' },
      { units: 1, activation: 'linear' },
    ],
  };
  const nested = [
    {
      weights: [
        [1, 2, 3],
        [4, 5, 6],
      ],
      bias: [7, 8, 9],
    },
    { weights: [[1], [2], [3]], bias: [4] },
  ];

  it('are a copy', () => {
    const network = new Network(options);
    const before = network.parameters;
    network.parameters[0]!.weights.fill(9);
    expectSameBits('the network', network.parameters, before);
    expect(network.parameterCount).toBe(2 * 3 + 3 + 3 + 1);
    expect(before.map(({ weights, bias }) => [weights.length, bias.length])).toEqual([
      [6, 3],
      [3, 1],
    ]);
  });

  it('are set from nested arrays, flat arrays, typed arrays and another network, by copy', () => {
    const flat = nested.map(({ weights, bias }) => ({ weights: weights.flat(), bias }));
    const typed = flat.map(({ weights, bias }) => ({
      weights: Float64Array.from(weights),
      bias: Float32Array.from(bias),
    }));
    const rows = nested.map(({ weights, bias }) => ({ weights: weights.map((row) => Float32Array.from(row)), bias }));
    for (const given of [nested, flat, typed, rows]) {
      const network = new Network(options);
      network.setParameters(given);
      expect(Array.from(flatten(network.parameters))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4]);
      const other = new Network({ ...options, seed: 1 });
      other.setParameters(network.parameters);
      expectSameBits('the other network', other.parameters, network.parameters);
    }
    const network = new Network(options);
    network.setParameters(typed);
    typed[0]!.weights.fill(0);
    expect(network.parameters[0]!.weights[0]).toBe(1);
  });

  const wrong = (change: (layers: Record<string, unknown>[]) => unknown): unknown => {
    const layers = structuredClone(nested) as unknown as Record<string, unknown>[];
    return change(layers) ?? layers;
  };

  it.each([
    ['a layer too few', wrong((p) => p.slice(1)), RangeError, '"parameters" expected 2 layers, got 1'],
    ['no list', wrong(() => ({})), TypeError, '"parameters" expected array of { weights, bias }, got object'],
    ['no layer', wrong((p) => [p[0], null]), TypeError, '"parameters[1]" expected { weights, bias }, got null'],
    [
      'no bias',
      wrong((p) => void delete p[1]!.bias),
      TypeError,
      '"parameters[1].bias" expected list of 1 numbers, got undefined',
    ],
    [
      'a long bias',
      wrong((p) => void (p[1]!.bias = [1, 2])),
      RangeError,
      '"parameters[1].bias" expected 1 numbers, got 2',
    ],
    [
      'a row too many',
      wrong((p) => void (p[0]!.weights as unknown[]).push([1, 2, 3])),
      RangeError,
      '"parameters[0].weights" expected 2 rows, got 3',
    ],
    [
      'transposed weights',
      wrong((p) => void (p[1]!.weights = [[1, 2, 3]])),
      RangeError,
      '"parameters[1].weights" expected 3 rows, got 1',
    ],
    [
      'a ragged row',
      wrong((p) => void (p[0]!.weights = [[1, 2, 3], [1]])),
      RangeError,
      '"parameters[0].weights[1]" expected 3 numbers, got 1',
    ],
    [
      'too few flat weights',
      wrong((p) => void (p[0]!.weights = [1, 2])),
      RangeError,
      '"parameters[0].weights" expected 6 numbers, got 2',
    ],
    [
      'NaN in the last place',
      wrong((p) => void (p[1]!.bias = [NaN])),
      RangeError,
      '"parameters[1].bias[0]" expected a finite number, got NaN',
    ],
    [
      'a string',
      wrong((p) => void (p[1]!.bias = ['1'])),
      RangeError,
      '"parameters[1].bias[0]" expected a finite number, got "1"',
    ],
  ])('%s leaves the network as it was', (_, given, type, message) => {
    const network = new Network(options);
    const before = network.parameters;
    expect(() => network.setParameters(given as never)).toThrow(type);
    expect(() => network.setParameters(given as never)).toThrow(message);
    expectSameBits('the network', network.parameters, before);
  });

  it('the same seed gives the same network; options are checked', () => {
    expectSameBits(
      'seed 3',
      new Network({ ...options, seed: 3 }).parameters,
      new Network({ ...options, seed: 3 }).parameters,
    );
    expect(sameBits(new Network({ ...options, seed: 3 }).parameters, new Network(options).parameters)).toBe(false);
    expect(() => new Network({ ...options, seed: -1 })).toThrow('"seed" expected integer of at least 0, got -1');
    expect(() => new Network({ ...options, initialisation: 'zero' as never })).toThrow(
      '"initialisation" expected one of',
    );
    expect(() => new Network({ ...options, layer: [] } as never)).toThrow('"network" has no option "layer"');
    expect(new Network(options).spec.loss).toBe('mse');
  });
});

describe('predict and evaluate', () => {
  const network = new Network({ inputs: 2, layers: [{ units: 3, activation: 'softmax' }], seed: 2 });
  const rows = [
    [1, 2],
    [-1, 0.5],
    [3, 3],
  ];

  it('predict takes one pattern or many, nested, flat or typed', () => {
    const all = network.predict(rows);
    expect(all).toBeInstanceOf(Float32Array);
    expect(all).toHaveLength(9);
    expect(network.predict(rows.flat())).toEqual(all);
    expect(network.predict(Float32Array.from(rows.flat()))).toEqual(all);
    expect(network.predict([rows[1]!])).toEqual(all.slice(3, 6));
    expect(network.predict(rows[1]!)).toEqual(all.slice(3, 6));
    for (let r = 0; r < 9; r += 3) expect(all[r]! + all[r + 1]! + all[r + 2]!).toBeCloseTo(1, 6);
    expect(() => network.predict([[1]])).toThrow(RangeError);
    expect(() => network.predict([1, 2, 3])).toThrow(RangeError);
    expect(() => network.predict([])).toThrow(RangeError);
    expect(() => network.predict([[1, NaN]])).toThrow('"inputs[0][1]" expected a finite number');
  });

  it('evaluate is the mean loss and the share of right answers, in blocks or not', () => {
    const random = new Random(9);
    const inputs = Array.from({ length: 700 }, () => [random.normal(), random.normal()]);
    const targets = inputs.map(() => random.below(3));
    const { loss, accuracy } = network.evaluate(Dataset.fromArrays({ inputs, targets }));
    const y = network.predict(inputs);
    const losses = targets.map((label, r) => -Math.log(y[3 * r + label]!));
    const right = targets.filter((label, r) => [0, 1, 2].every((k) => y[3 * r + k]! <= y[3 * r + label]!));
    expect(loss).toBeCloseTo(losses.reduce((sum, value) => sum + value) / 700, 6);
    expect(accuracy).toBe(right.length / 700);
  });

  it('mse has no accuracy; binary cross-entropy counts outputs on the right side of one half', () => {
    const linear = new Network({ inputs: 1, layers: [{ units: 1, activation: 'linear' }] });
    linear.setParameters([{ weights: [2], bias: [1] }]);
    expect(linear.evaluate(Dataset.fromArrays({ inputs: [[1], [2]], targets: [3, 4] }))).toEqual({ loss: 0.25 });
    const sigmoid = new Network({ inputs: 1, layers: [{ units: 2, activation: 'sigmoid' }] });
    sigmoid.setParameters([{ weights: [1, -1], bias: [0, 0] }]);
    const data = Dataset.fromArrays({
      inputs: [[1], [2]],
      targets: [
        [1, 0],
        [0, 0],
      ],
    });
    expect(sigmoid.evaluate(data).accuracy).toBe(0.75);
  });

  it('gradients checks its batch', () => {
    expect(() => network.gradients({ inputs: rows, targets: [0, 1] })).toThrow(
      '"targets" expected one for each of 3 inputs, got 2',
    );
    expect(() => network.gradients({ inputs: rows, targets: [0, 1, 3] })).toThrow(
      '"targets[2]" expected a class number',
    );
    expect(() => network.evaluate(rows as never)).toThrow(TypeError);
  });
});

describe('jacobian', () => {
  it.each(HIDDEN.flatMap((hidden) => Object.values(PAIRS).map((output) => ({ hidden, output }))))(
    '$hidden, $output: the slopes of the outputs',
    ({ hidden, output }) => {
      const random = new Random(10);
      const layers = [
        { units: 5, activation: hidden },
        { units: 4, activation: hidden },
        { units: 3, activation: output },
      ];
      const network = new Network({ inputs: 4, layers, seed: 4 });
      for (let trial = 0; trial < 3; trial++) {
        const x = Array.from({ length: 4 }, () => random.normal());
        const outputs = (at: number[]) => network.gradients({ inputs: [at], targets: [[1, 0, 0]] }).outputs;
        const J = network.jacobian(x);
        expect(J).toHaveLength(12);
        expectClose('J', J, numericalJacobian(outputs, x), { relative: 1e-6, floor: 0.1 });
      }
    },
  );

  it('takes one pattern', () => {
    const network = new Network({ inputs: 2, layers: [{ units: 1, activation: 'linear' }] });
    expect(() => network.jacobian([1, 2, 3, 4])).toThrow('"x" expected one pattern of 2 numbers, got 2 patterns');
    expect(() => network.jacobian([1])).toThrow(RangeError);
  });
});

describe('small networks', () => {
  it('no hidden layer: y = W^T x + b, and its Jacobian is W^T', () => {
    const network = new Network({ inputs: 2, layers: [{ units: 3, activation: 'linear' }] });
    network.setParameters([
      {
        weights: [
          [1, 2, 3],
          [4, 5, 6],
        ],
        bias: [0.5, 0, 0],
      },
    ]);
    expect(Array.from(network.predict([[10, 100]]))).toEqual([410.5, 520, 630]);
    expect(Array.from(network.jacobian([10, 100]))).toEqual([1, 4, 2, 5, 3, 6]);
  });

  it('one input and one unit', () => {
    const network = new Network({ inputs: 1, layers: [{ units: 1, activation: 'sigmoid' }] });
    network.setParameters([{ weights: [2], bias: [-1] }]);
    expect(network.predict([0.5])[0]).toBe(0.5);
    expect(network.spec.loss).toBe('binary-cross-entropy');
  });

  it.each([
    { name: 'softmax', units: 2, output: 'softmax' as const },
    { name: 'sigmoid', units: 1, output: 'sigmoid' as const },
    { name: 'linear', units: 1, output: 'linear' as const },
  ])('XOR is learnt: $name', async ({ units, output }) => {
    const layers = [
      { units: 8, activation: 'tanh' as const },
      { units, activation: output },
    ];
    const network = new Network({ inputs: 2, layers, seed: 1 });
    const inputs = [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ];
    const targets = [0, 1, 1, 0];
    await using trainer = await Trainer.create(network, { workers: 2, batchSize: 4, learningRate: 0.5, momentum: 0.5 });
    await trainer.fit(Dataset.fromArrays({ inputs, targets }), { epochs: 1000 });
    const y = network.predict(inputs);
    const answers = targets.map((_, r) => (units === 2 ? y[2 * r + 1]! : y[r]!) > 0.5);
    expect(answers).toEqual([false, true, true, false]);
  });
});
