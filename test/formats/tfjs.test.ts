import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { exportTfjs, importTfjs, Network, networkFromBytes, saveTfjs, type TfjsSource } from 'gradpool';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectClose, largest } from '../close.ts';
import { samples } from './networks.ts';
import { renamedLayers } from '#src/formats/tfjs-weights.js';

const folder = mkdtempSync(join(tmpdir(), 'gradpool-tfjs-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(() => tf.setBackend('cpu'));

type Json = Record<string, unknown>;
interface Manifest {
  modelTopology: { config: { layers: { class_name: string; config: Json }[] } };
  weightsManifest: { paths: string[]; weights: { name: string; shape: number[]; dtype: string }[] }[];
}

function predict(model: tfl.LayersModel, rows: readonly unknown[]): Float32Array {
  return tf.tidy(() => (model.predict(tf.tensor(rows as number[][])) as tf.Tensor).dataSync() as Float32Array);
}

const close = (what: string, actual: Float32Array, expected: Float32Array) =>
  expectClose(what, actual, expected, { relative: 1e-5, floor: largest(expected) });

describe.each(samples())('$name', ({ network, rows }) => {
  it('TensorFlow.js loads it and predicts the same', async () => {
    const model = await tfl.loadLayersModel(tf.io.fromMemory(exportTfjs(network)));
    close('outputs', predict(model, rows), network.predict(rows));
    close('one row', predict(model, rows.slice(0, 1)), network.predict(rows.slice(0, 1)));
  });

  it('comes back from its folder', async () => {
    const place = join(folder, 'deep/er');
    await saveTfjs(place, network);
    expect(readdirSync(place).sort()).toEqual(['group1-shard1of1.bin', 'model.json']);
    for (const source of [place, pathToFileURL(join(place, 'model.json')), exportTfjs(network)]) {
      const same = await importTfjs(source);
      expect(same.spec).toEqual(network.spec);
      close('outputs', same.predict(rows), network.predict(rows));
    }
  });
});

/** What a model hands to a save handler. */
async function artifacts(model: tfl.LayersModel): Promise<tf.io.ModelArtifacts> {
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler((given) => {
      saved = given;
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
    }),
  );
  return saved!;
}

/** Writes a model as TensorFlow.js does, its weights cut into shards of 100 bytes. */
async function write(name: string, model: tfl.LayersModel, change?: (json: Manifest) => void): Promise<string> {
  const { modelTopology, weightSpecs, weightData } = await artifacts(model);
  const bytes = new Uint8Array(weightData as ArrayBuffer);
  const place = join(folder, name);
  mkdirSync(place);
  const paths: string[] = [];
  for (let at = 0; at < bytes.length; at += 100) {
    paths.push(`shard${paths.length}.bin`);
    writeFileSync(join(place, paths.at(-1)!), bytes.subarray(at, at + 100));
  }
  const json = { modelTopology, weightsManifest: [{ paths, weights: weightSpecs }] } as unknown as Manifest;
  change?.(json);
  writeFileSync(join(place, 'model.json'), JSON.stringify(json));
  return place;
}

/** Weights and statistics that are not those of a fresh layer. */
function shaken(model: tfl.LayersModel): tfl.LayersModel {
  for (const layer of model.layers) {
    layer.setWeights(
      layer
        .getWeights()
        .map((weight) => tf.add(tf.abs(weight), tf.randomUniform(weight.shape, 0.1, 0.5, 'float32', 3))),
    );
  }
  return model;
}

const { dense, activation, dropout, flatten, inputLayer, leakyReLU, reLU, softmax, batchNormalization } = tfl.layers;

describe('models of TensorFlow.js', () => {
  const rows = [
    [1, -2, 0.5, 3],
    [0, 0.25, -1, -2],
  ];
  const inputShape = [4];
  it.each<[string, () => tfl.layers.Layer[]]>([
    [
      'activations of their own',
      () => [dense({ units: 5, inputShape }), activation({ activation: 'tanh' }), dense({ units: 3 }), softmax()],
    ],
    [
      'an input layer',
      () => [
        inputLayer({ inputShape }),
        dense({ units: 6, activation: 'relu' }),
        dense({ units: 1, activation: 'sigmoid' }),
      ],
    ],
    [
      'rectifiers',
      () => [
        dense({ units: 5, inputShape }),
        reLU(),
        dense({ units: 4 }),
        leakyReLU({ alpha: 0.01 }),
        dense({ units: 6, activation: 'elu' }),
        dense({ units: 3 }),
        tfl.layers.elu(),
        dense({ units: 2 }),
      ],
    ],
    [
      'dropout',
      () => [
        dropout({ rate: 0.5, inputShape }),
        dense({ units: 5, activation: 'tanh' }),
        dropout({ rate: 0.9 }),
        dense({ units: 2 }),
      ],
    ],
    ['no bias', () => [dense({ units: 5, inputShape, useBias: false, activation: 'sigmoid' }), dense({ units: 2 })]],
    [
      'batch normalisation in between',
      () => [
        dense({ units: 5, inputShape }),
        batchNormalization(),
        reLU(),
        dropout({ rate: 0.1 }),
        dense({ units: 4, activation: 'tanh' }),
        batchNormalization({ epsilon: 0.1, center: false }),
        dense({ units: 3 }),
        batchNormalization(),
        dense({ units: 2 }),
      ],
    ],
    [
      'batch normalisation at both ends',
      () => [batchNormalization({ inputShape }), dense({ units: 3 }), batchNormalization({ scale: false })],
    ],
  ])('%s', async (name, layers) => {
    const model = shaken(tfl.sequential({ layers: layers() }));
    const network = await importTfjs(await write(name.replaceAll(' ', '-'), model));
    close('outputs', network.predict(rows), predict(model, rows));
  });

  it('dropout is that of the layer before it, and of two in a row both; the outputs have none', async () => {
    const layers = [
      dropout({ rate: 0.5, inputShape }),
      dense({ units: 5 }),
      reLU(),
      dropout({ rate: 0.5 }),
      dropout({ rate: 0.2 }),
      dense({ units: 4, activation: 'tanh' }),
      dense({ units: 2 }),
      dropout({ rate: 0.3 }),
    ];
    const { spec } = await importTfjs(await write('dropouts', shaken(tfl.sequential({ layers }))));
    expect(spec.inputDropout).toBe(0.5);
    expect(spec.layers.map((layer) => layer.dropout)).toEqual([0.6, undefined, undefined]);
  });

  it('an image is flattened', async () => {
    const model = shaken(
      tfl.sequential({ layers: [flatten({ inputShape: [2, 2] }), dense({ units: 3, activation: 'softmax' })] }),
    );
    const network = await importTfjs(await write('image', model));
    const images = rows.map(([a, b, c, d]) => [
      [a, b],
      [c, d],
    ]);
    close('outputs', network.predict(rows), predict(model, images));
  });

  it.each<[string, () => tfl.layers.Layer[], RegExp]>([
    [
      'conv',
      () => [tfl.layers.conv2d({ filters: 2, kernelSize: 2, inputShape: [4, 4, 1], name: 'conv' })],
      /layer "conv" \(Conv2D\) cannot be imported; those that can are InputLayer/,
    ],
    [
      'slope',
      () => [dense({ units: 2, inputShape }), leakyReLU({ name: 'leak' }), dense({ units: 1 })],
      /layer "leak" \(LeakyReLU\) has the slope 0.3; that of gradpool is 0.01/,
    ],
    [
      'selu',
      () => [dense({ units: 2, inputShape, activation: 'selu', name: 'd' })],
      /layer "d" \(Dense\) has the activation "selu"/,
    ],
    [
      'relu6',
      () => [dense({ units: 2, inputShape }), reLU({ maxValue: 6, name: 'r' })],
      /layer "r" \(ReLU\) has a largest value/,
    ],
    [
      'twice',
      () => [dense({ units: 2, inputShape, activation: 'relu' }), activation({ activation: 'tanh', name: 'a' })],
      /layer "a" \(Activation\) comes after relu/,
    ],
    [
      'between',
      () => [
        dense({ units: 2, inputShape, activation: 'relu' }),
        batchNormalization({ name: 'bn' }),
        activation({ activation: 'tanh' }),
        dense({ units: 1 }),
      ],
      /layer "bn" \(BatchNormalization\) stands between two activations/,
    ],
    [
      'behind',
      () => [dense({ units: 2, inputShape, activation: 'softmax' }), batchNormalization({ name: 'bn' })],
      /layer "bn" \(BatchNormalization\) comes after softmax/,
    ],
    [
      'layernorm',
      () => [dense({ units: 2, inputShape }), tfl.layers.layerNormalization({ name: 'ln' }), dense({ units: 1 })],
      /layer "ln" \(LayerNormalization\) cannot be imported/,
    ],
    [
      'tanh',
      () => [dense({ units: 2, inputShape, activation: 'tanh' })],
      /the output activation 'tanh' goes with no loss/,
    ],
    [
      'sequence',
      () => [dense({ units: 2, inputShape: [3, 4], name: 'd' })],
      /layer "d" \(Dense\) takes 4 inputs, got the shape \[3, 4\]/,
    ],
    [
      'rate',
      () => [dropout({ rate: 1, inputShape, name: 'all' }), dense({ units: 1 })],
      /layer "all" \(Dropout\) expected a rate in \[0, 1\), got 1/,
    ],
    ['nothing', () => [dropout({ rate: 0.1, inputShape })], /it has no dense layer/],
  ])('%s is ERR_BAD_FILE', async (name, layers, message) => {
    const path = await write(`bad-${name}`, tfl.sequential({ layers: layers() }));
    await expect(importTfjs(path)).rejects.toMatchObject({ name: 'GradpoolError', code: 'ERR_BAD_FILE' });
    await expect(importTfjs(path)).rejects.toThrow(message);
    await expect(importTfjs(path)).rejects.toThrow(`${join(path, 'model.json')} is not a model that can be imported: `);
  });

  const functional = (build: (input: tfl.SymbolicTensor) => tfl.SymbolicTensor | tfl.SymbolicTensor[]) => {
    const input = tfl.input({ shape: inputShape });
    return shaken(tfl.model({ inputs: input, outputs: build(input) }));
  };
  const apply = (layer: tfl.layers.Layer, to: tfl.SymbolicTensor | tfl.SymbolicTensor[]) =>
    layer.apply(to) as tfl.SymbolicTensor;

  it('a functional chain, with a model within it', async () => {
    const inner = tfl.sequential({
      layers: [dense({ units: 5, inputShape: [3], name: 'same' }), reLU(), dropout({ rate: 0.5 })],
    });
    const model = functional((x) =>
      apply(dense({ units: 1 }), apply(inner, apply(dense({ units: 3, activation: 'tanh' }), x))),
    );
    const network = await importTfjs(await write('chain', model));
    expect(network.spec.layers).toMatchObject([{ units: 3 }, { units: 5, dropout: 0.5 }, { units: 1 }]);
    close('outputs', network.predict(rows), predict(model, rows));
  });

  it.each<[string, (x: tfl.SymbolicTensor) => tfl.SymbolicTensor | tfl.SymbolicTensor[], RegExp]>([
    [
      'residual',
      (x) => apply(tfl.layers.add({ name: 'sum' }), [apply(dense({ units: 4 }), x), x]),
      /layer "sum" \(Add\) takes 2 inputs: only a chain/,
    ],
    ['heads', (x) => [apply(dense({ units: 1 }), x), apply(dense({ units: 2 }), x)], /it has 2 outputs: only a chain/],
    [
      'shared',
      (x) => {
        const layer = dense({ units: 4, name: 'again' });
        return apply(layer, apply(layer, x));
      },
      /layer "again" \(Dense\) is used 2 times/,
    ],
  ])('%s is ERR_BAD_FILE', async (name, build, message) => {
    const path = await write(`functional-${name}`, functional(build));
    await expect(importTfjs(path)).rejects.toMatchObject({ code: 'ERR_BAD_FILE' });
    await expect(importTfjs(path)).rejects.toThrow(message);
  });

  it('a call with an argument that changes it is ERR_BAD_FILE', async () => {
    const model = functional((x) => apply(dense({ units: 1, name: 'd' }), x));
    const path = await write('called', model, (json) => {
      const [, layer] = json.modelTopology.config.layers as unknown as { inbound_nodes: unknown[][][] }[];
      layer!.inbound_nodes[0]![0]![3] = { training: true };
    });
    await expect(importTfjs(path)).rejects.toThrow('layer "d" (Dense) is called with training: true');
  });

  it('what Keras 3 writes', async () => {
    const model = functional((x) => apply(dense({ units: 1, name: 'd' }), x));
    const path = await write('keras-3', model, (json) => {
      const config = json.modelTopology.config as unknown as Json & { layers: Json[] };
      const [input, layer] = config.layers as [Json & { name: string }, Json];
      const history = { class_name: '__keras_tensor__', config: { keras_history: [input.name, 0, 0] } };
      layer.inbound_nodes = [{ args: [history], kwargs: { mask: null } }];
      config.input_layers = [input.name, 0, 0];
      config.output_layers = ['d', 0, 0];
      (json.modelTopology as unknown as Json).class_name = 'Functional';
      (layer.config as Json).activation = { class_name: 'function', config: 'linear' };
    });
    close('outputs', (await importTfjs(path)).predict(rows), predict(model, rows));
  });
});

describe('models of others', () => {
  const FORMATS = resolve(import.meta.dirname, '../fixtures/formats');
  const x = [0.3, -1.2, 0.7];
  it.each<[string, number[], number]>([
    ['plain', [-0.7994941, -0.8653621], 1e-6],
    ['f16', [-0.7994941, -0.8653621], 1e-3],
    ['q8', [-0.7994941, -0.8653621], 3e-2],
    ['functional', [-0.7994941, -0.8653621], 1e-6],
    ['suffix', [-0.7994941, -0.8653621], 1e-6],
    ['bnmid', [-0.8049018, -0.5783815], 1e-6],
  ])('%s', async (name, expected, tolerance) => {
    const y = (await importTfjs(join(FORMATS, `tfjs-${name}`))).predict([x]);
    expectClose('outputs', y, expected, { relative: tolerance, floor: 1 });
  });

  it('a graph model is named', async () => {
    const path = join(FORMATS, 'tfjs-graph');
    await expect(importTfjs(path)).rejects.toMatchObject({ code: 'ERR_BAD_FILE' });
    await expect(importTfjs(path)).rejects.toThrow('it is a graph model, which has operations and no layers');
    const inMemory = { modelTopology: { node: [] }, weightSpecs: [], weightData: new ArrayBuffer(0) };
    await expect(importTfjs(inMemory)).rejects.toThrow('it is a graph model');
  });

  type Given = readonly [kind: string, config: Json];
  /** A model in memory of an input of 3, these layers and a dense layer of one unit. */
  const imported = (layers: readonly Given[], weights: Record<string, number[]> = {}) => {
    const all = { ...weights, 'd/kernel': [1, 2, 3], 'd/bias': [0.5] };
    const given: Given[] = [
      ['InputLayer', { name: 'i', batch_shape: [null, 3] }],
      ...layers,
      ['Dense', { name: 'd', units: 1 }],
    ];
    return importTfjs({
      modelTopology: {
        class_name: 'Sequential',
        config: { layers: given.map(([class_name, config]) => ({ class_name, config })) },
      },
      weightSpecs: Object.entries(all).map(([name, { length }]) => ({
        name,
        shape: name === 'd/kernel' ? [3, 1] : length === 0 ? [] : [length],
        dtype: 'float32',
      })),
      weightData: Float32Array.from(Object.values(all).flat()).buffer,
    });
  };
  const layer = (kind: string, config: Json = {}): Given => [kind, { name: 'l', ...config }];

  it.each<[string, Given[], Record<string, number[]>, number]>([
    ['Rescaling', [layer('Rescaling', { scale: 2, offset: 1 })], {}, 0.5 + 1.6 - 2.8 + 7.2],
    ['Rescaling of each column', [layer('Rescaling', { scale: [[1, 0, 2]], offset: 0 })], {}, 0.5 + 0.3 + 4.2],
    [
      'Normalization',
      [layer('Normalization', { axis: [-1] })],
      { 'l/mean': [1, 1, 1], 'l/variance': [4, 1, 0.25] },
      0.5 - 0.35 - 4.4 - 1.8,
    ],
    ['Normalization by its config', [layer('Normalization', { axis: null, mean: 1, variance: 4 })], {}, 0.5 - 3],
    ['noise and shapes', [layer('GaussianNoise'), layer('Reshape', { target_shape: [-1] }), layer('Flatten')], {}, 0.5],
  ])('%s', async (_, layers, weights, expected) => {
    expectClose('outputs', (await imported(layers, weights)).predict([x]), [expected], { relative: 1e-6, floor: 1 });
  });

  it.each<[string, Given, string]>([
    ['Normalization', layer('Normalization', { invert: true, mean: 1, variance: 1 }), 'is inverted'],
    ['Rescaling', layer('Rescaling', { scale: [1, 2] }), 'expected 3 numbers as its scale, got [1,2]'],
    ['Reshape', layer('Reshape', { target_shape: [2] }), 'makes [2] of 3 numbers'],
    ['ReLU', layer('Activation', { activation: { class_name: 'ReLU', config: { max_value: 6 } } }), 'has a largest'],
    ['Activation', layer('Activation', { activation: 'leaky_relu' }), 'has the activation "leaky_relu"'],
  ])('%s is ERR_BAD_FILE', async (kind, given, message) => {
    await expect(imported([given])).rejects.toMatchObject({ code: 'ERR_BAD_FILE' });
    await expect(imported([given])).rejects.toThrow(`layer "l" (${kind}) ${message}`);
  });

  it('quantised to 16 bits', async () => {
    const model = {
      modelTopology: { class_name: 'Sequential', config: [{ class_name: 'Dense', config: { name: 'd', units: 1 } }] },
      weightSpecs: [
        { name: 'd/kernel', shape: [2, 1], dtype: 'float32', quantization: { dtype: 'uint16', scale: 0.5, min: -1 } },
        { name: 'd/bias', shape: [1], dtype: 'float32' },
      ],
      weightData: Uint8Array.of(4, 1, 0, 0, 0, 0, 0, 0x40),
    };
    expect((await importTfjs(model)).predict([[1, 10]])[0]).toBe(2 + 129 - 10);
  });
});

it.each(['bnmid', 'functional', 'q8', 'suffix'])(
  'topologies that were changed are read or ERR_BAD_FILE: %s',
  async (name) => {
    const place = resolve(import.meta.dirname, `../fixtures/formats/tfjs-${name}`);
    const text = readFileSync(join(place, 'model.json'), 'utf8');
    const weightData = new Uint8Array(readFileSync(join(place, 'group1-shard1of1.bin')));
    const index = fc.nat(10_000);
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom('dense', [['dense', 0, 0]], 1e308, -1, 2 ** 40));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(index, value), { minLength: 1, maxLength: 3 }), async (changes) => {
        const json = JSON.parse(text) as Manifest;
        for (const [at, changed] of changes) {
          const places = membersOf(json);
          const [parent, key] = places[at % places.length]!;
          parent[key] = structuredClone(changed);
        }
        const weightSpecs = json.weightsManifest?.[0]?.weights;
        const source = { modelTopology: json.modelTopology, weightSpecs, weightData } as unknown as TfjsSource;
        if (!Array.isArray(weightSpecs)) return;
        const error = await importTfjs(source).catch((reason: unknown) => reason);
        if (!(error instanceof Network)) expect(error).toMatchObject({ code: 'ERR_BAD_FILE' });
      }),
      { numRuns: 300 },
    );
  },
);

/** Where all members of objects and lists are. */
function membersOf(value: unknown): [Json, string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [[value as Json, key] as [Json, string], ...membersOf(inner)]);
}

describe('names of weights that were counted on', () => {
  it.each<[string[], string[], [string, string][]]>([
    [['dense', 'dense_1'], ['dense', 'dense_1', 'dense_2'], []],
    [
      ['dense', 'dense_1'],
      ['dense_2', 'dense_3'],
      [
        ['dense', 'dense_2'],
        ['dense_1', 'dense_3'],
      ],
    ],
    [
      ['dense', 'dense_1'],
      ['dense_1', 'dense_2'],
      [
        ['dense', 'dense_1'],
        ['dense_1', 'dense_2'],
      ],
    ],
    [['dense_4', 'bn_1'], ['dense', 'bn_1'], [['dense_4', 'dense']]],
    [['dense', 'dense_1'], ['dense_1', 'dense_3'], []],
    [['dense', 'dense_1'], ['other', 'dense_1'], []],
  ])('%j are not %j', (layers, groups, expected) => {
    expect([...renamedLayers(layers, groups)]).toEqual(expected);
  });
});

describe('hostile models are ERR_BAD_FILE', () => {
  const deep = (n: number) => '['.repeat(n) + ']'.repeat(n);
  const first = (json: Manifest) => json.weightsManifest[0]!;
  it.each<[string, (json: Manifest) => void, string]>([
    [
      'a path elsewhere',
      (json) => (first(json).paths[0] = '../x'),
      'expected the name of a file beside it, got "../x"',
    ],
    ['an absolute path', (json) => (first(json).paths[0] = '/dev/zero'), 'expected the name of a file beside it'],
    ['a folder as weights', (json) => (first(json).paths[0] = '..'), 'expected the name of a file beside it'],
    ['a file that is not there', (json) => (first(json).paths[0] = 'none'), 'cannot be opened: Error: ENOENT'],
    ['a file that is too long', (json) => (first(json).paths = ['model.json']), 'got more, or no file, at'],
    ['a file too few', (json) => first(json).paths.pop(), 'its weights take 40 bytes, got 0'],
    [
      'a giant',
      (json) => (first(json).weights[0]!.shape = [2 ** 40, 2 ** 40]),
      'of shape [1099511627776, 1099511627776] is too large',
    ],
    [
      'a broken shape',
      (json) => (first(json).weights[0]!.shape = [null as never, 2]),
      'expected a list of sizes, got [null,2]',
    ],
    ['a dtype', (json) => (first(json).weights[0]!.dtype = 'int32'), 'weight "d/kernel" expected float32, got int32'],
    [
      'quantized',
      (json) => Object.assign(first(json).weights[0]!, { quantization: { dtype: 'float32' } }),
      'the quantization of weight "d/kernel" expected { dtype, scale, min }',
    ],
    [
      'quantized without a scale',
      (json) => Object.assign(first(json).weights[0]!, { quantization: { dtype: 'uint8', min: 0 } }),
      'the quantization of weight "d/kernel" expected',
    ],
    ['a string', (json) => (first(json).weights[0]!.dtype = 'string'), 'has the unknown dtype "string"'],
    [
      'a name twice',
      (json) => (first(json).weights[1]!.name = 'x/d/kernel'),
      'weight "d/kernel" is there more than once',
    ],
    ['no weight', (json) => (first(json).weights[1]!.name = 'd/biased'), 'weight "d/bias" is there not at all'],
    ['units', (json) => (json.modelTopology.config.layers[0]!.config.units = 3), 'expected a kernel of 3 units, got 2'],
    ['no groups', (json) => (json.weightsManifest = 5 as never), 'it has no weightsManifest'],
    ['a group of nothing', (json) => (json.weightsManifest = [null as never]), 'expected { paths, weights }, got null'],
    [
      'no topology',
      (json) => (json.modelTopology = undefined as never),
      'its topology expected an object, got nothing',
    ],
    ['no layers', (json) => (json.modelTopology.config.layers = {} as never), 'its layers expected a list, got {}'],
    [
      'a layer of null',
      (json) => (json.modelTopology.config.layers[0] = null as never),
      'a layer expected { class_name',
    ],
    [
      'a class of Object',
      (json) => (json.modelTopology.config.layers[0]!.class_name = 'toString'),
      'layer "d" (toString) cannot',
    ],
    [
      'an input shape',
      (json) => (json.modelTopology.config.layers[0]!.config.batch_input_shape = [null, '4']),
      'expected an input shape',
    ],
  ])('%s', async (name, change, message) => {
    const model = tfl.sequential({ layers: [dense({ units: 2, inputShape: [4], name: 'd' })] });
    const path = await write(`hostile-${name.replaceAll(' ', '-')}`, model, change);
    const error = (await importTfjs(path).catch((reason: unknown) => reason)) as Error;
    expect(error).toMatchObject({ name: 'GradpoolError', code: 'ERR_BAD_FILE' });
    expect(error.message).toContain(message);
  });

  it.each([
    ['text', 'hello', 'it is not JSON'],
    ['nesting', deep(1e5), 'it is nested more than 64 deep'],
    ['a key twice', '{"a":1,"a":2}', 'it has the key "a" twice'],
    ['__proto__', '{"__proto__":{"weightsManifest":[]}}', 'it has the key "__proto__"'],
    ['no UTF-8', Buffer.of(0xff, 0xfe), 'it is not UTF-8'],
  ])('%s', async (name, text, message) => {
    const path = join(folder, `${name.replaceAll(' ', '-')}.json`);
    writeFileSync(path, text);
    await expect(importTfjs(path)).rejects.toMatchObject({ code: 'ERR_BAD_FILE' });
    await expect(importTfjs(path)).rejects.toThrow(`${path} is not a model that can be imported: ${message}`);
  });
});

it('checks its arguments', async () => {
  await expect(importTfjs(5 as never)).rejects.toThrow('"source" expected path, file URL or { modelTopology');
  await expect(importTfjs({} as never)).rejects.toThrow('"source.weightSpecs" expected list, got undefined');
  await expect(importTfjs(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  expect(() => exportTfjs({} as never)).toThrow('"network" expected Network, got object');
  const network = new Network({ inputs: 1, layers: [{ units: 1, activation: 'linear' }] });
  await expect(saveTfjs('', network)).rejects.toThrow('"folder" expected path or file URL, got ""');
  expect(() => networkFromBytes(readFileSync(import.meta.filename))).toThrow('is not a gradpool model');
});
