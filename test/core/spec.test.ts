import { describe, expect, it } from 'vitest';
import {
  ACTIVATIONS,
  type Activation,
  dropoutOf,
  LOSSES,
  PAIRS,
  parameterCount,
  resolveSpec,
  trainingFlops,
  widths,
} from '#src/core/spec.js';

function ending(activation: Activation) {
  return {
    inputs: 4,
    layers: [
      { units: 3, activation: 'relu' as const },
      { units: 2, activation },
    ],
  };
}

describe('loss and output activation', () => {
  it.each(LOSSES)('%s follows from its activation, or may be named', (loss) => {
    expect(resolveSpec(ending(PAIRS[loss])).loss).toBe(loss);
    expect(resolveSpec({ ...ending(PAIRS[loss]), loss }).loss).toBe(loss);
  });

  it.each(LOSSES)('%s with any other activation is refused, and the right pairs are named', (loss) => {
    const right = 'linear with mse, softmax with cross-entropy, sigmoid with binary-cross-entropy';
    for (const activation of ACTIVATIONS.filter((activation) => activation !== PAIRS[loss])) {
      const message = `"loss" "${loss}" does not go with the output activation '${activation}'; the right pairs are ${right}`;
      expect(() => resolveSpec({ ...ending(activation), loss })).toThrow(new RangeError(message));
    }
  });

  it('an activation that goes with no loss is refused', () => {
    for (const activation of ['relu', 'leaky-relu', 'tanh'] as const) {
      expect(() => resolveSpec(ending(activation))).toThrow(/goes with no loss; the right pairs are linear with mse/);
    }
  });
});

it('names the layer that is wrong', () => {
  const layer = { units: 2, activation: 'linear' as const };
  const wrong =
    (layers: unknown, inputs: unknown = 2) =>
    () =>
      resolveSpec({ inputs: inputs as number, layers: layers as [] });
  expect(wrong([layer], 0)).toThrow('"inputs" expected integer in [1, 1048576], got 0');
  expect(wrong({})).toThrow(new TypeError('"layers" expected array of { units, activation }, got object'));
  expect(wrong([])).toThrow(new RangeError('"layers" expected at least one layer, got none'));
  expect(wrong([layer, { ...layer, units: 1.5 }])).toThrow('"layers[1].units" expected integer');
  expect(wrong([{ units: 2, activation: 'sigmiod' }])).toThrow(/^"layers\[0\]\.activation" expected one of 'linear'/);
  expect(wrong([{ ...layer, bias: true }])).toThrow('"layers[0]" has no option "bias"');
  expect(wrong([layer, { units: 1, activation: 'softmax' }])).toThrow(
    /^"layers\[1\]\.units" expected 2 or more for softmax, .* got 1; for yes or no take sigmoid$/,
  );
  expect(wrong([{ units: 2, activation: 'softmax' }, layer])).toThrow(
    '"layers[0].activation" is softmax, which only the output layer can have',
  );
});

describe('dropout', () => {
  const hidden = { units: 3, activation: 'relu' as const };
  const output = { units: 2, activation: 'linear' as const };
  const spec = (dropout: unknown, inputDropout?: unknown) => ({
    inputs: 4,
    inputDropout: inputDropout as number,
    layers: [{ ...hidden, dropout: dropout as number }, output],
  });

  it('stands where it is given; 0 is none', () => {
    expect(resolveSpec(spec(0.5, 0.1))).toEqual({
      inputs: 4,
      inputDropout: 0.1,
      layers: [{ ...hidden, dropout: 0.5 }, output],
      loss: 'mse',
    });
    expect(Object.keys(resolveSpec(spec(0, 0)))).toEqual(['inputs', 'layers', 'loss']);
    expect(Object.keys(resolveSpec(spec(0)).layers[0]!)).toEqual(['units', 'activation']);
    expect([0, 1, 2].map((l) => dropoutOf(resolveSpec(spec(0.5, 0.1)), l))).toEqual([0.1, 0.5, 0]);
    expect([0, 1, 2].map((l) => dropoutOf(resolveSpec(spec(undefined)), l))).toEqual([0, 0, 0]);
  });

  it('is a number in [0, 1), and not of the outputs', () => {
    for (const wrong of [1, -0.1, NaN]) {
      expect(() => resolveSpec(spec(wrong))).toThrow(/^"layers\[0\]\.dropout" expected number in \[0, 1\), got/);
      expect(() => resolveSpec(spec(0, wrong))).toThrow(/^"inputDropout" expected number in \[0, 1\), got/);
    }
    expect(() => resolveSpec(spec('0.5'))).toThrow(TypeError);
    expect(() => resolveSpec({ inputs: 4, layers: [{ ...output, dropout: 0.5 }] })).toThrow(
      new RangeError('"layers[0].dropout" expected 0 for the output layer, got 0.5'),
    );
  });
});

it('counts widths, parameters and operations', () => {
  const spec = resolveSpec(ending('linear'));
  expect(widths(spec)).toEqual([4, 3, 2]);
  expect(parameterCount(spec)).toBe(4 * 3 + 3 + 3 * 2 + 2);
  // Forward and gradient of both layers, and the delta that goes down through the second.
  expect(trainingFlops(spec)).toBe(4 * 12 + 6 * 6);
});
