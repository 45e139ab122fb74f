import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Activation, importSafetensors } from 'gradpool';
import { describe, expect, it } from 'vitest';
import { expectClose } from '../close.ts';
import { writeSafetensors } from '#src/formats/safetensors.js';

const FIXTURES = resolve(import.meta.dirname, '../fixtures/formats');

interface Expected {
  readonly activations: Activation | Activation[];
  readonly output: Activation;
  readonly inputs: number[][];
  readonly outputs: number[][];
}

describe.each(['relu', 'deep', 'no-bias', 'named', 'f64', 'f16', 'bf16'])('pytorch-%s', (name) => {
  const path = join(FIXTURES, `pytorch-${name}.safetensors`);
  const { activations, output, inputs, outputs } = JSON.parse(
    readFileSync(join(FIXTURES, `pytorch-${name}.json`), 'utf8'),
  ) as Expected;

  it.each(['path', 'bytes'])('predicts what PyTorch predicted: from %s', async (how) => {
    const source = how === 'path' ? path : readFileSync(path);
    const network = await importSafetensors(source, { activations, output });
    expectClose('outputs', network.predict(inputs), outputs.flat(), { relative: 1e-6, floor: 1e-2 });
  });
});

/** A state dict of zeros, given its shapes. */
function file(shapes: Record<string, number[]>): Uint8Array {
  const tensors = Object.entries(shapes).map(([name, shape]) => ({
    name,
    shape,
    values: new Float32Array(shape.reduce((product, size) => product * size, 1)),
  }));
  return writeSafetensors(tensors, { format: 'pt' });
}

describe('importSafetensors', () => {
  const good = { 'b.weight': [3, 2], 'b.bias': [3], 'a.weight': [1, 3], 'a.bias': [1] };

  it('takes the order of the layers from the names, the sizes or the caller', async () => {
    const wrong = { '0.weight': [1, 3], '2.weight': [3, 2] };
    await expect(importSafetensors(file(wrong))).rejects.toThrow(
      'tensor "2.weight" takes 2 inputs after 1 units of "0"; if that is not their order, give it as "layers"',
    );
    for (const options of [{}, { layers: ['b', 'a'] }]) {
      const { spec } = await importSafetensors(file(good), options);
      expect(spec).toMatchObject({
        inputs: 2,
        layers: [
          { units: 3, activation: 'relu' },
          { units: 1, activation: 'linear' },
        ],
      });
    }
  });

  it('counts numbers in names as numbers', async () => {
    const { spec } = await importSafetensors(file({ '10.weight': [1, 3], '2.weight': [3, 2] }), { output: 'sigmoid' });
    expect(spec.layers.map(({ units }) => units)).toEqual([3, 1]);
    expect(spec.loss).toBe('binary-cross-entropy');
  });

  it.each([
    ['nothing', {}, 'it has no tensor'],
    ['a running mean', { ...good, '1.running_mean': [3] }, 'tensor "1.running_mean" is neither a weight nor a bias'],
    ['a convolution', { '0.weight': [4, 1, 3, 3] }, 'tensor "0.weight" expected the shape out x in, got [4, 1, 3, 3]'],
    ['a layer norm', { '0.weight': [4], '0.bias': [4] }, 'tensor "0.weight" expected the shape out x in, got [4]'],
    ['a bias alone', { '0.bias': [4] }, 'tensor "0.weight" is missing'],
    ['a long bias', { '0.weight': [4, 2], '0.bias': [5] }, 'tensor "0.bias" expected shape [4], got [5]'],
    ['no units', { '0.weight': [0, 2] }, 'expected the shape out x in, got [0, 2]'],
  ])('%s is ERR_BAD_FILE', async (_, shapes, message) => {
    const error = (await importSafetensors(file(shapes as typeof good)).catch((reason: unknown) => reason)) as Error;
    expect(error).toMatchObject({ name: 'GradpoolError', code: 'ERR_BAD_FILE' });
    expect(error.message).toContain(`"source" is not a state dict of linear layers: `);
    expect(error.message).toContain(message);
  });

  it('checks its options', async () => {
    const bytes = file({ '0.weight': [3, 2], '2.weight': [1, 3] });
    const wrong = async (options: unknown, message: string) =>
      expect(importSafetensors(bytes, options as never)).rejects.toThrow(message);
    await wrong(
      { activations: ['relu', 'relu'] },
      '"activations" expected one for each hidden layer, which are 1, got 2: that of the last layer is "output"',
    );
    await wrong({ activations: 'softmax' }, '"layers[0].activation" is softmax');
    await wrong({ activations: 'gelu' }, '"activations" expected one of');
    await wrong({ output: 'tanh' }, "the output activation 'tanh' goes with no loss");
    await wrong({ layers: 'a' }, '"layers" expected list of names, got "a"');
    await wrong({ hidden: 'relu' }, '"options" has no option "hidden"');
    await wrong({ normalization: { inputs: { scale: [1], shift: [0] } } }, '"normalization" expected 2 inputs, got 1');
    await expect(importSafetensors(5 as never)).rejects.toThrow(
      '"source" expected path, file URL or Uint8Array, got 5',
    );
  });
});
