import { join, resolve } from 'node:path';
import { importSafetensors, type ImportSafetensorsOptions, Network, networkToBytes } from 'gradpool';
import { describe, expect, it } from 'vitest';
import { expectClose } from '../close.ts';
import { writeSafetensors } from '#src/formats/safetensors.js';

const FIXTURES = resolve(import.meta.dirname, '../fixtures/formats');
const X = [0.3, -1.2, 0.7, 0.4];
const TOLERANCE = { relative: 1e-4, floor: 1 };

/** A state dict of small numbers that differ, given its shapes; variances are positive. */
function file(shapes: Record<string, number[]>, metadata: Record<string, string> = {}): Uint8Array {
  const tensors = Object.entries(shapes).map(([name, shape], t) => ({
    name,
    shape,
    values: numbers(name, t, shape),
  }));
  return writeSafetensors(tensors, metadata);
}

function numbers(name: string, seed: number, shape: readonly number[]): Float64Array {
  const length = shape.reduce((product, size) => product * size, 1);
  return Float64Array.from({ length }, (_, i) => {
    const value = Math.sin(1 + 7 * seed + 1.3 * i);
    return name.endsWith('running_var') ? 0.5 + value * value : value;
  });
}

/** nn.Linear and nn.BatchNorm1d, or any function, one after the other, in float64. */
function forward(shapes: Record<string, number[]>, steps: readonly (string | ((x: number) => number))[]): number[] {
  const keys = Object.keys(shapes);
  const read = (name: string) => (shapes[name] ? numbers(name, keys.indexOf(name), shapes[name]) : undefined);
  return steps.reduce<number[]>((x, step) => {
    if (typeof step === 'function') return x.map(step);
    const [weight, bias, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((part) =>
      read(`${step}.${part}`),
    );
    if (mean && variance) {
      return x.map((v, i) => ((v - mean[i]!) / Math.sqrt(variance[i]! + 1e-5)) * (weight?.[i] ?? 1) + (bias?.[i] ?? 0));
    }
    const rows = shapes[`${step}.weight`]![0]!;
    return Array.from({ length: rows }, (_, o) =>
      x.reduce((sum, v, i) => sum + weight![o * x.length + i]! * v, bias?.[o] ?? 0),
    );
  }, X);
}

const linear = (name: string, inputs: number, units: number) => ({
  [`${name}.weight`]: [units, inputs],
  [`${name}.bias`]: [units],
});
const norm = (name: string, size: number) => ({
  [`${name}.weight`]: [size],
  [`${name}.bias`]: [size],
  [`${name}.running_mean`]: [size],
  [`${name}.running_var`]: [size],
  [`${name}.num_batches_tracked`]: [],
});
const relu = (x: number) => Math.max(0, x);

async function failure(source: Uint8Array | string, options: ImportSafetensorsOptions = {}): Promise<Error> {
  const error = (await importSafetensors(source, options).catch((reason: unknown) => reason)) as Error;
  expect(error).toMatchObject({ name: 'GradpoolError', code: 'ERR_BAD_FILE' });
  return error;
}

describe('files of PyTorch', () => {
  it.each<[string, ImportSafetensorsOptions, number[]]>([
    ['torch-bn', {}, [-2.2907, -1.4892]],
    ['torch-bn', { layers: ['0', '4'] }, [-2.2907, -1.4892]],
    ['torch-bn', { layers: ['0', '1', '4'] }, [-2.2907, -1.4892]],
    ['torch-bnfirst', {}, [-1.8651, -0.7585]],
    ['torch-bnfirst', { layers: ['1', '3'] }, [-1.8651, -0.7585]],
    [
      'torch-square-named',
      { layers: ['input_layer', 'hidden1', 'hidden2', 'output'] },
      [-0.0999, -0.1811, -0.8821, -0.5273],
    ],
    ['torch-encdec', { layers: ['layers_in', 'layers_hidden', 'layers_out'] }, [0.9274, 0.6004, -1.4037]],
    ['header-metaempty', { layers: ['0', '2'] }, [-1.9761, -0.725]],
    ['header-metanull', { layers: ['0', '2'] }, [-1.9761, -0.725]],
    ['header-lead', { layers: ['0', '2'] }, [-1.9761, -0.725]],
    ['header-newdtype', { layers: ['0', '2'] }, [-1.9761, -0.725]],
    ['torch-buffers', { ignore: ['x_mean', 'x_std'] }, [-1.9761, -0.725]],
  ])('%s %j', async (name, options, expected) => {
    const network = await importSafetensors(join(FIXTURES, `${name}.safetensors`), options);
    expectClose('outputs', network.predict([X]), expected, TOLERANCE);
  });

  it.each<[string, ImportSafetensorsOptions, string]>([
    [
      'torch-square-named',
      {},
      'the order of "hidden1", "hidden2", "input_layer", "output" cannot be told; give it as "layers"',
    ],
    ['torch-encdec', {}, 'the order of "layers_hidden", "layers_in", "layers_out" cannot be told'],
    [
      'torch-ln',
      {},
      'tensor "1.weight" expected the shape out x in, got [4]: it looks like that of layer normalisation',
    ],
    ['torch-ln', { layers: ['0', '3'] }, 'tensor "1.weight" expected the shape out x in, got [4]'],
    [
      'torch-prelu',
      { layers: ['0', '2'] },
      'tensor "1.weight" expected the shape out x in, got [1]: it looks like that of PReLU',
    ],
    ['torch-buffers', { layers: ['net.0', 'net.2'] }, 'tensor "x_mean" is neither a weight nor a bias'],
    ['header-newdtype', {}, 'tensor "buf" has the unknown dtype "F8_E8M0"'],
  ])('%s %j is ERR_BAD_FILE', async (name, options, message) => {
    expect((await failure(join(FIXTURES, `${name}.safetensors`), options)).message).toContain(message);
  });
});

describe('batch normalisation', () => {
  const two = (norms: Record<string, number[]>, last: string) => ({
    ...linear('0', 4, 3),
    ...norms,
    ...linear(last, 3, 2),
  });
  it.each<[string, Record<string, number[]>, ImportSafetensorsOptions, (string | typeof relu)[]]>([
    ['before the activation', two(norm('1', 3), '3'), {}, ['0', '1', relu, '3']],
    ['after it', two(norm('2', 3), '3'), {}, ['0', relu, '2', '3']],
    [
      'in blocks',
      { ...linear('b.0.0', 4, 3), ...norm('b.0.1', 3), ...linear('b.1', 3, 2) },
      {},
      ['b.0.0', 'b.0.1', relu, 'b.1'],
    ],
    ['twice', two({ ...norm('1', 3), ...norm('2', 3) }, '4'), {}, ['0', '1', '2', relu, '4']],
    ['on both sides', two({ ...norm('1', 3), ...norm('3', 3) }, '4'), {}, ['0', '1', relu, '3', '4']],
    ['after the last', { ...linear('0', 4, 3), ...linear('2', 3, 2), ...norm('3', 2) }, {}, ['0', relu, '2', '3']],
    ['of the inputs', { ...norm('0', 4), ...linear('1', 4, 3), ...linear('3', 3, 2) }, {}, ['0', '1', relu, '3']],
    ['told', two(norm('2', 3), '5'), { batchNormPlace: 'before-activation' }, ['0', '2', relu, '5']],
    ['told otherwise', two(norm('2', 3), '5'), { batchNormPlace: 'after-activation' }, ['0', relu, '2', '5']],
    ['without activation', two(norm('2', 3), '5'), { activations: 'linear' }, ['0', '2', '5']],
    [
      'named',
      { ...linear('fc1', 4, 3), ...norm('bn1', 3), ...linear('out', 3, 3) },
      { layers: ['fc1', 'bn1', 'out'], batchNormPlace: 'before-activation' },
      ['fc1', 'bn1', relu, 'out'],
    ],
    [
      'without gamma and beta',
      { ...linear('0', 4, 3), '1.running_mean': [3], '1.running_var': [3], ...linear('3', 3, 2) },
      {},
      ['0', '1', relu, '3'],
    ],
    [
      'wrapped',
      {
        n_averaged: [],
        ...linear('module._orig_mod.0', 4, 3),
        ...norm('module._orig_mod.1', 3),
        ...linear('module._orig_mod.3', 3, 2),
      },
      {},
      ['module._orig_mod.0', 'module._orig_mod.1', relu, 'module._orig_mod.3'],
    ],
  ])('%s', async (_, shapes, options, steps) => {
    const network = await importSafetensors(file(shapes), options);
    expectClose('outputs', network.predict([X]), forward(shapes, steps), { relative: 1e-6, floor: 1 });
  });

  it('takes a column away where its gamma is 0', async () => {
    const one = (name: string, shape: number[], values: number[]) => ({
      name,
      shape,
      values: Float32Array.from(values),
    });
    const bytes = writeSafetensors(
      [
        one('0.weight', [2], [0, 2]),
        one('0.bias', [2], [1, 0]),
        one('0.running_mean', [2], [5, 1]),
        one('0.running_var', [2], [1, 4]),
        one('1.weight', [1, 2], [10, 1]),
      ],
      {},
    );
    const network = await importSafetensors(bytes, { batchNormEpsilon: 0 });
    expectClose('outputs', network.predict([[7, 3]]), [12], { relative: 1e-6, floor: 1 });
    const normalization = {
      inputs: { scale: Float64Array.of(1, 0.5), shift: Float64Array.of(0, 1) },
      targets: undefined,
    };
    const scaled = await importSafetensors(bytes, { batchNormEpsilon: 0, normalization });
    expectClose('outputs', scaled.predict([[7, 4]]), [12], { relative: 1e-6, floor: 1 });
  });

  it('goes on from the normalisation of the inputs', async () => {
    const shapes = { ...norm('0', 4), ...linear('1', 4, 3), ...linear('3', 3, 2) };
    const inputs = { scale: Float64Array.of(2, 3, 4, 5), shift: Float64Array.of(1, 0, -1, 2) };
    const network = await importSafetensors(file(shapes), { normalization: { inputs, targets: undefined } });
    const raw = X.map((x, i) => (x - inputs.shift[i]!) / inputs.scale[i]!);
    expectClose('outputs', network.predict([raw]), forward(shapes, ['0', '1', relu, '3']), {
      relative: 1e-6,
      floor: 1,
    });
    const short = { inputs: { scale: Float64Array.of(1), shift: Float64Array.of(0) }, targets: undefined };
    await expect(importSafetensors(file(shapes), { normalization: short })).rejects.toThrow('expected 4 inputs, got 1');
  });

  it.each<[string, Record<string, number[]>, ImportSafetensorsOptions, string]>([
    [
      'between modules',
      two(norm('2', 3), '5'),
      {},
      'whether batch normalisation "2" comes before or after the activation cannot be told; give it as "batchNormPlace"',
    ],
    [
      'with no room for an activation',
      two(norm('1', 3), '2'),
      {},
      'whether batch normalisation "1" comes before or after',
    ],
    [
      'behind something',
      { ...norm('0', 4), ...linear('2', 4, 3) },
      {},
      'whether batch normalisation "0" comes before or after',
    ],
    [
      'with a name',
      { ...linear('fc1', 4, 4), ...norm('bn', 4), ...linear('fc2', 4, 4) },
      {},
      'the place of batch normalisation "bn" cannot be told; name it in "layers"',
    ],
    [
      'that nobody named',
      { ...linear('fc1', 4, 4), ...norm('bn', 4), ...linear('fc2', 4, 4) },
      { layers: ['fc1', 'fc2'] },
      'the place of batch normalisation "bn" cannot be told',
    ],
    [
      'of another head',
      { ...linear('a.0', 4, 3), ...linear('b.0', 4, 3), ...norm('b.1', 3) },
      { layers: ['a.0'] },
      'the place of batch normalisation "b.1" cannot be told',
    ],
    ['of another size', two(norm('1', 2), '3'), {}, 'the place of batch normalisation "1" cannot be told'],
    [
      'of another size, named',
      two(norm('1', 2), '3'),
      { layers: ['0', '1', '3'] },
      'tensor "1.running_mean" expected shape [3], got [2]',
    ],
    [
      'after the outputs',
      { ...linear('0', 4, 3), ...norm('2', 3) },
      { output: 'sigmoid', batchNormPlace: 'after-activation' },
      'batch normalisation "2" comes after the activation of the outputs',
    ],
    [
      'without a variance',
      two({ '1.running_mean': [3] }, '3'),
      {},
      'tensor "1.running_mean" is neither a weight nor a bias of a linear layer: it looks like that of batch normalisation that is not complete',
    ],
  ])('%s is ERR_BAD_FILE', async (_, shapes, options, message) => {
    expect((await failure(file(shapes), options)).message).toContain(message);
  });

  it('with a variance below 0 is ERR_BAD_FILE', async () => {
    const values = Float32Array.of(-1);
    const one = (name: string) => ({ name, shape: [1], values });
    const tensors = [one('0.running_mean'), one('0.running_var'), { name: '1.weight', shape: [1, 1], values }];
    expect((await failure(writeSafetensors(tensors, {}))).message).toContain(
      'tensor "0.running_var" has the variance -1 at 0',
    );
  });
});

describe('what a network cannot have is named', () => {
  const good = { ...linear('0', 4, 3), ...linear('2', 3, 2) };
  it.each<[string, Record<string, number[]>, string]>([
    [
      'weight normalisation',
      { '0.weight_g': [3, 1], '0.weight_v': [3, 4], '0.bias': [3] },
      'tensor "0.weight_g" is neither a weight nor a bias of a linear layer: it looks like that of weight normalisation',
    ],
    ['a parametrization', { '0.bias': [3], '0.parametrizations.weight.original0': [3, 1] }, 'a parametrization'],
    ['spectral normalisation', { '0.weight_orig': [3, 4], '0.weight_u': [3], '0.bias': [3] }, 'tensor "0.weight_orig"'],
    ['a mask', { ...good, '0.mask': [3, 4] }, 'tensor "0.mask" is neither'],
    [
      'LoRA',
      { ...good, '0.lora_A.weight': [1, 4], '0.lora_B.weight': [3, 1] },
      'tensor "0.lora_A.weight" is neither a weight nor a bias of a linear layer: it looks like that of a LoRA adapter',
    ],
    ['a recurrent layer', { ...good, 'rnn.weight_ih_l0': [4, 4] }, 'a recurrent layer'],
    ['an embedding', { ...good, 'embed.weight': [10, 4] }, 'tensor "embed.weight" is neither'],
    [
      'a scale',
      { ...good, '0.weight_scale': [1] },
      'tensor "0.weight_scale" is neither a weight nor a bias of a linear layer: it looks like that of quantisation',
    ],
    ['attention', { ...good, 'attention.in_proj_weight': [12, 4] }, 'attention'],
    ['a number of its own', { ...good, temperature: [1] }, 'tensor "temperature" is neither'],
  ])('%s, also where "layers" is given', async (_, shapes, message) => {
    for (const options of [{}, { layers: ['0', '2'] }]) {
      const own = { ...good, ...shapes };
      if (!shapes['0.weight'] && shapes['0.bias']) delete (own as Record<string, unknown>)['0.weight'];
      const { message: said } = await failure(file(own), options);
      expect(said).toContain(message);
      expect(said).toContain('"ignore"');
    }
  });

  it('what is ignored must be there', async () => {
    await expect(importSafetensors(file(good), { ignore: ['emb'] })).rejects.toThrow(
      '"ignore[0]" expected a tensor or module of the file, got "emb"',
    );
    await expect(importSafetensors(file(good), { ignore: 'emb' as never })).rejects.toThrow(
      '"ignore" expected list of names',
    );
    const network = await importSafetensors(file({ ...good, 'emb.weight': [10, 4] }), { ignore: ['emb'] });
    expectClose('outputs', network.predict([X]), forward(good, ['0', relu, '2']), { relative: 1e-6, floor: 1 });
  });
});

describe('the order of layers', () => {
  const sizes = ({ spec }: Network) => [spec.inputs, ...spec.layers.map(({ units }) => units)];
  it.each<[string, Record<string, number[]>, number[]]>([
    [
      'numbers, then sizes',
      { ...linear('fc1', 4, 8), ...linear('fc2', 8, 8), ...linear('classifier', 8, 3) },
      [4, 8, 8, 3],
    ],
    ['sizes', { ...linear('out', 5, 2), ...linear('in', 4, 6), ...linear('hidden', 6, 5) }, [4, 6, 5, 2]],
    ['numbers within blocks', { ...linear('block10.fc', 2, 3), ...linear('block9.fc', 4, 2) }, [4, 2, 3]],
    ['a module without a name', { weight: [3, 4], bias: [3] }, [4, 3]],
  ])('is told by %s', async (_, shapes, expected) => {
    expect(sizes(await importSafetensors(file(shapes)))).toEqual(expected);
  });

  it.each<[string, Record<string, number[]>]>([
    ['an autoencoder', { ...linear('encoder.0', 4, 2), ...linear('decoder.0', 2, 4) }],
    ['squares', { ...linear('first', 4, 4), ...linear('second', 4, 4) }],
    ['two heads', { ...linear('trunk', 4, 3), ...linear('policy', 3, 2), ...linear('value', 3, 1) }],
    [
      'many squares',
      Object.assign({}, ...[...'abcdefghijklmnop'].map((name) => linear(name, 4, 4))) as Record<string, number[]>,
    ],
  ])('of %s cannot be told', async (_, shapes) => {
    expect((await failure(file(shapes))).message).toMatch(/the order of .* cannot be told; give it as "layers"/);
  });

  it('has another head left out, but no layer in between', async () => {
    const heads = { ...linear('trunk', 4, 3), ...linear('policy', 3, 2), ...linear('value', 3, 1) };
    expect(sizes(await importSafetensors(file(heads), { layers: ['trunk', 'value'] }))).toEqual([4, 3, 1]);
    const square = { ...linear('0', 4, 4), ...linear('2', 4, 4), ...linear('4', 4, 4) };
    expect((await failure(file(square), { layers: ['0', '4'] })).message).toContain('tensor "2.weight" is neither');
    expect(sizes(await importSafetensors(file(square), { layers: ['0', '4'], ignore: ['2'] }))).toEqual([4, 4, 4]);
  });

  it('takes weights that layers share, whose names are in the metadata', async () => {
    const shapes = { ...linear('0', 4, 4), '2.bias': [4] };
    const network = await importSafetensors(file(shapes, { '2.weight': '0.weight' }));
    expect(network.parameters[1]!.weights).toEqual(network.parameters[0]!.weights);
  });

  it('asks for activations where an nn.Sequential has none', async () => {
    const shapes = { ...linear('0', 4, 3), ...linear('1', 3, 2) };
    expect((await failure(file(shapes))).message).toContain(
      'no activation lies between "0" and "1" of an nn.Sequential',
    );
    const network = await importSafetensors(file(shapes), { activations: 'linear' });
    expectClose('outputs', network.predict([X]), forward(shapes, ['0', '1']), { relative: 1e-6, floor: 1 });
  });
});

it('a model of gradpool is not robbed of its normalisation or activations', async () => {
  const layers = [
    { units: 3, activation: 'tanh' as const },
    { units: 2, activation: 'softmax' as const },
  ];
  const inputs = { scale: Float64Array.of(1, 2), shift: Float64Array.of(0, 1) };
  const plain = networkToBytes(new Network({ inputs: 2, layers }));
  const scaled = networkToBytes(new Network({ inputs: 2, layers, normalization: { inputs, targets: undefined } }));
  const told = { activations: 'tanh', output: 'softmax' } as const;
  for (const [bytes, options] of [
    [plain, {}],
    [plain, { activations: 'tanh' }],
    [scaled, told],
  ] as const) {
    expect((await failure(bytes, options)).message).toContain('it is a gradpool model');
  }
  expect((await importSafetensors(plain, told)).spec.layers).toEqual(layers);
});
