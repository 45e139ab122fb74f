import { describe, expect, it } from 'vitest';
import { expectClose } from '../../close.ts';
import { desiredRows, layers64, sgdStep, zeros } from '../../float64.ts';
import { batches, flatLayers, GOLDEN } from '../../golden.ts';
import { backwardBatch, batchLoss, forwardBatch } from '#src/kernels/reference/batch.js';

const EXACT = { relative: 1e-9, floor: 1e-6 };

describe.each(GOLDEN)('golden $name', (golden) => {
  const { spec, x, params, first, after } = golden;

  it('the first batch gives the outputs, the loss and the gradients that PyTorch gives', () => {
    const { from, to } = batches(golden)[0]!;
    const B = to - from;
    const layers = layers64(params);
    const D = desiredRows(golden, from, to);
    const forward = forwardBatch(spec, layers, Float64Array.from(x.slice(from, to).flat()), B);
    expectClose('outputs', forward.H.at(-1)!, first.outputs.flat(), EXACT);
    expectClose('loss', [batchLoss(spec, forward, D, B).loss / B], [first.loss], EXACT);
    backwardBatch(spec, layers, forward.H, D, B).forEach(({ W, b }, l) => {
      const expected = flatLayers(first.gradients)[l]!;
      expectClose(
        `gradient of W_${l + 1}`,
        W.map((g) => g / B),
        expected.weights,
        EXACT,
      );
      expectClose(
        `gradient of b_${l + 1}`,
        b.map((g) => g / B),
        expected.bias,
        EXACT,
      );
    });
  });

  it('every loss and the last parameters of the training are those of PyTorch', () => {
    const layers = layers64(params);
    const velocity = zeros(layers);
    const losses = batches(golden).map(({ from, to }) => {
      const X = Float64Array.from(x.slice(from, to).flat());
      return sgdStep(spec, layers, velocity, X, desiredRows(golden, from, to), to - from, golden);
    });
    expect(losses).toHaveLength(golden.steps);
    expectClose('losses', losses, after.losses, EXACT);
    flatLayers(after.params).forEach(({ weights, bias }, l) => {
      expectClose(`W_${l + 1}`, layers[l]!.W, weights, EXACT);
      expectClose(`b_${l + 1}`, layers[l]!.b, bias, EXACT);
    });
  });
});
