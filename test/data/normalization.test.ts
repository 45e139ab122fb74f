import { Dataset, Network, Normalization, numericalJacobian, Trainer } from 'gradpool';
import { describe, expect, it } from 'vitest';
import { expectClose, flatten, largest } from '../close.ts';
import { BACKENDS } from '../train/problem.ts';
import { Random } from '#src/core/random.js';

const random = new Random(8);
/** Three inputs and two targets of very different scales. */
const inputs = Array.from({ length: 60 }, () => [
  100 + 20 * random.normal(),
  1e-3 * random.uniform(),
  5 * random.normal() - 3,
]);
const targets = inputs.map(([a, b, c]) => [1000 * Math.sin(a! / 20) + 50, b! * c! - 7]);
const raw = Dataset.fromArrays({
  inputs: Float64Array.from(inputs.flat()),
  inputSize: 3,
  targets: Float64Array.from(targets.flat()),
  targetSize: 2,
});
const shape = {
  inputs: 3,
  layers: [
    { units: 6, activation: 'tanh' as const },
    { units: 2, activation: 'linear' as const },
  ],
  seed: 5,
};

function column(rows: readonly number[][], c: number): number[] {
  return rows.map((row) => row[c]!);
}

function normalised(values: number[], method: 'min-max' | 'z-score'): number[] {
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
  return method === 'min-max' ? values.map((x) => (x - min) / (max - min)) : values.map((x) => (x - mean) / deviation);
}

/** What the scaling makes of a column. */
function applied(values: number[], c: number, { scale, shift }: { scale: Float64Array; shift: Float64Array }) {
  return values.map((x) => scale[c]! * x + shift[c]!);
}

describe.each(['min-max', 'z-score'] as const)('%s', (method) => {
  const normalization = Normalization.fit(raw, { inputs: method, targets: method });

  it('brings each column of inputs and targets to its scale', () => {
    for (const [rows, affine] of [
      [inputs, normalization.inputs!],
      [targets, normalization.targets!],
    ] as const) {
      rows[0]!.forEach((_, c) => {
        const values = column(rows, c);
        expectClose(`column ${c}`, applied(values, c, affine), normalised(values, method), {
          relative: 1e-9,
          floor: 1,
        });
      });
    }
  });

  it('is fitted on the part that it is given only', () => {
    const first = inputs.map(([a]) => a!);
    const [part] = raw.slice(0, first.indexOf(Math.max(...first))).split(0.9, { seed: 1 });
    const fitted = Normalization.fit(part, { inputs: method }).inputs!;
    const values = Array.from({ length: part.length }, (_, i) => part.pattern(i).inputs[0]!);
    expectClose('the part', applied(values, 0, fitted), normalised(values, method), { relative: 1e-9, floor: 1 });
    expect(fitted.scale[0]).not.toBe(normalization.inputs!.scale[0]);
  });

  it('a constant column becomes 0, in training and beyond, and never NaN', () => {
    for (const constant of [0, 3.7, 1e30, 0.1 + 0.2]) {
      const data = Dataset.fromArrays({
        inputs: Float64Array.from([constant, 1, constant, 2, constant, 4]),
        inputSize: 2,
        targets: Float64Array.of(constant, constant, constant),
      });
      const fitted = Normalization.fit(data, { inputs: method, targets: method });
      for (const { scale, shift } of [fitted.inputs!, fitted.targets!]) {
        expect(scale[0]! * constant + shift[0]!).toBe(0);
        expect(Number.isFinite(scale[0]) && scale[0] !== 0).toBe(true);
      }
      const network = new Network({ inputs: 2, layers: [{ units: 1, activation: 'linear' }], normalization: fitted });
      expect(network.predict([[constant, 9]]).every(Number.isFinite)).toBe(true);
      expect(network.evaluate(data).loss).toBeGreaterThanOrEqual(0);
    }
  });

  it('a column whose spread is lost in rounding is constant', () => {
    const values = Float64Array.of(1e15, 1e15 + 0.125, 1e15);
    const data = Dataset.fromArrays({ inputs: values, inputSize: 1, targets: [0, 1, 2] });
    const { scale, shift } = Normalization.fit(data, { inputs: method }).inputs!;
    for (const x of values) expect(Math.abs(scale[0]! * x + shift[0]!)).toBeLessThan(1);
  });

  it('predictions come back in the units of the targets', () => {
    const network = new Network({ ...shape, normalization });
    const bare = new Network(shape);
    const x = inputs[0]!;
    const y = bare.predict([x.map((value, c) => applied([value], c, normalization.inputs!)[0]!)]);
    const { scale, shift } = normalization.targets!;
    const expected = Array.from(y, (value, k) => (value - shift[k]!) / scale[k]!);
    expectClose('prediction', network.predict([x]), expected, { relative: 1e-5, floor: 1 });
  });

  it('the Jacobian is in the units of inputs and targets', () => {
    const network = new Network({ ...shape, normalization });
    const { scale, shift } = normalization.targets!;
    // predict() rounds to float32, so the slopes are taken of the float64 outputs, in raw units.
    const f = (at: number[]) =>
      Array.from(network.gradients({ inputs: [at], targets: [[0, 0]] }).outputs, (y, k) => (y - shift[k]!) / scale[k]!);
    for (const x of inputs.slice(0, 3)) {
      const numerical = numericalJacobian(f, x, 1e-7);
      for (let k = 0; k < 2; k++) {
        const row = (J: ArrayLike<number>) => Array.from(J).slice(3 * k, 3 * k + 3);
        const slopes = row(numerical);
        expectClose(`dy_${k}/dx`, row(network.jacobian(x)), slopes, {
          relative: 1e-3,
          floor: 1e-3 * largest(slopes),
        });
      }
    }
  });

  it.each(BACKENDS)('training equals training on data normalised by hand: %s', async (backend) => {
    const hand = (rows: number[][]) => {
      const columns = rows[0]!.map((_, c) => normalised(column(rows, c), method));
      return Float64Array.from(rows.flatMap((_, r) => columns.map((values) => values[r]!)));
    };
    const byHand = Dataset.fromArrays({ inputs: hand(inputs), inputSize: 3, targets: hand(targets), targetSize: 2 });
    const train = async (network: Network, data: Dataset) => {
      await using trainer = await Trainer.create(network, { workers: 2, batchSize: 16, backend });
      const history = await trainer.fit(data, { epochs: 4, validation: data });
      return [...history.flatMap(({ loss, validation }) => [loss, validation!.loss]), ...flatten(network.parameters)];
    };
    const close = { relative: backend === 'reference' ? 1e-6 : 1e-4, floor: 0.1 };
    const expected = await train(new Network(shape), byHand);
    expectClose('losses and parameters', await train(new Network({ ...shape, normalization }), raw), expected, close);
  });
});

it('bytes are normalised as they are used: times their scale', async () => {
  const header = (...bytes: number[]) => Uint8Array.of(0, 0, 8, ...bytes);
  const images = header(2, 0, 0, 0, 3, 0, 0, 0, 1, 0, 51, 255);
  const data = await Dataset.fromIdx({ images, labels: header(1, 0, 0, 0, 3, 0, 1, 1) });
  const { scale, shift } = Normalization.fit(data, { inputs: 'min-max' }).inputs!;
  expect([scale[0], shift[0]].map((x) => Math.round(x! * 1e12) / 1e12 + 0)).toEqual([1, 0]);
});

it("'none' leaves columns as they are; wrong options are refused", () => {
  expect(Normalization.fit(raw, {})).toMatchObject({ inputs: undefined, targets: undefined });
  expect(() => Normalization.fit(raw, { inputs: 'zscore' as never })).toThrow(
    /"inputs" expected one of 'none', 'min-max'/,
  );
  expect(() => Normalization.fit([] as never, {})).toThrow(TypeError);
});

it('a network refuses a normalization of other sizes, and one of classes', () => {
  const normalization = Normalization.fit(raw, { inputs: 'z-score', targets: 'z-score' });
  const layers = [{ units: 2, activation: 'linear' as const }];
  expect(() => new Network({ inputs: 4, layers, normalization })).toThrow('"normalization" expected 4 inputs, got 3');
  expect(() => new Network({ inputs: 3, layers: [{ units: 3, activation: 'linear' }], normalization })).toThrow(
    '"normalization" expected 3 targets, got 2',
  );
  expect(() => new Network({ inputs: 3, layers: [{ units: 2, activation: 'softmax' }], normalization })).toThrow(
    'classes are not normalised',
  );
  expect(() => new Network({ inputs: 3, layers, normalization: 'z-score' as never })).toThrow(TypeError);
});

it('each column has a method of its own, where a list says so', () => {
  const inputs = [
    [1, 0, 5],
    [3, 1, 9],
  ];
  const train = Dataset.fromArrays({ inputs, targets: [0, 1] });
  const { inputs: affine, targets } = Normalization.fit(train, { inputs: ['z-score', 'none', 'min-max'] });
  expect(Array.from(affine!.scale)).toEqual([1, 1, 0.25]);
  expect(Array.from(affine!.shift)).toEqual([-2, 0, -1.25]);
  expect(targets).toBeUndefined();
  expect(() => Normalization.fit(train, { inputs: ['z-score'] })).toThrow(
    '"inputs" expected a method for each of 3 columns, got 1',
  );
  const wrong: string[] = ['z-score', 'none', 'log'];
  expect(() => Normalization.fit(train, { inputs: wrong as 'none'[] })).toThrow('"inputs[2]" expected');
});

it.each([1e-84, 1e-240, 5e37])('the spread of numbers of %f is measured', (unit) => {
  const values = Float64Array.of(1, 2, 4, 5).map((x) => x * unit);
  const train = Dataset.fromArrays({ inputs: values, inputSize: 1, targets: values });
  const { inputs: affine } = Normalization.fit(train, { inputs: 'z-score' });
  expectClose('deviation', [1 / affine!.scale[0]!], [Math.sqrt(2.5) * unit], { relative: 1e-12 });
});
