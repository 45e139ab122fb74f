import { open, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, wrongType } from '../core/checks.ts';
import { type NetworkSpec, resolveSpec } from '../core/spec.ts';
import type { Network } from '../nn/network.ts';
import { type Bad, badFile, orBad } from './bad-file.ts';
import { makeNetwork } from './model.ts';
import { decodeText, excerpt, isObject, parseJson } from './strict-json.ts';
import { ChainReader } from './tfjs-layers.ts';
import { GRAPH_MODEL, layersOf } from './tfjs-topology.ts';
import { bytesOf, TfjsWeights } from './tfjs-weights.ts';
import { checkPath } from './write-aside.ts';
import { isArrayBuffer, isBytes, isUrl } from '../core/realm.ts';

/** A LayersModel in memory: what `exportTfjs` gives, or a save handler of TensorFlow.js receives. */
export interface TfjsSource {
  readonly modelTopology: unknown;
  readonly weightSpecs: readonly unknown[];
  readonly weightData: ArrayBuffer | Uint8Array;
}

const KIND = 'a model that can be imported';
const JSON_LIMITS = { depth: 64, values: 1_000_000 };
const LONGEST_JSON = 100_000_000;

/**
 * Imports a LayersModel of TensorFlow.js, Sequential or a Functional chain: Dense, with its activation or followed by one; Flatten;
 * Dropout, but for that of the outputs, which training here does not have; BatchNormalization, Normalization and Rescaling, which become the
 * normalisation, or in between a part of the layer beside them. Weights may be quantised.
 * @param source - the folder of model.json, the path of a file like it, or a model in memory
 * @throws GradpoolError ERR_BAD_FILE naming the layer that cannot be imported, or what is wrong with the file
 *
 * @example
 * const network = await importTfjs('./model');
 */
export async function importTfjs(source: string | URL | TfjsSource): Promise<Network> {
  if (typeof source === 'string' || isUrl(source)) {
    const path = await jsonPath(checkPath('source', source));
    const bad = badFile(path, KIND);
    const { topology, specs, data } = await readModelJson(bad, path);
    return toNetwork(bad, topology, new TfjsWeights(bad, specs, data));
  }
  if (!isObject(source))
    throw wrongType('source', 'path, file URL or { modelTopology, weightSpecs, weightData }', source);
  const { modelTopology, weightSpecs, weightData } = source;
  if (!Array.isArray(weightSpecs)) throw wrongType('source.weightSpecs', 'list', weightSpecs);
  if (!(isArrayBuffer(weightData) || isBytes(weightData))) {
    throw wrongType('source.weightData', 'ArrayBuffer or Uint8Array', weightData);
  }
  const bad = badFile('"source"', KIND);
  const data = isBytes(weightData) ? weightData : new Uint8Array(weightData);
  return toNetwork(bad, modelTopology, new TfjsWeights(bad, weightSpecs, data));
}

function toNetwork(bad: Bad, topology: unknown, weights: TfjsWeights): Network {
  const reader = new ChainReader(bad, weights);
  reader.read(layersOf(bad, topology));
  const { inputs, inputDropout, dense } = reader;
  const last = dense.length - 1;
  const layers = dense.map(({ units, activation, dropout }, l) => ({
    units,
    activation,
    dropout: l === last ? 0 : dropout,
  }));
  const spec: NetworkSpec = orBad(bad, () => resolveSpec({ inputs, inputDropout, layers }));
  const parameters = reader.dense.map(({ parameters }) => parameters);
  return orBad(bad, () => makeNetwork(spec, reader.scaling, parameters));
}

async function jsonPath(path: string): Promise<string> {
  return (await stat(path)).isDirectory() ? join(path, 'model.json') : path;
}

/** Reads model.json and the files of weights beside it, each of which must be as long as the weights in it. */
async function readModelJson(
  bad: Bad,
  path: string,
): Promise<{ topology: unknown; specs: unknown[]; data: Uint8Array }> {
  const { size } = await stat(path);
  if (size > LONGEST_JSON) throw bad(`it is longer than ${LONGEST_JSON} bytes`);
  const text = decodeText(bad, 'it', await readFile(path)).replace(/^\ufeff/, '');
  const json = parseJson(bad, 'it', text, JSON_LIMITS);
  if (isObject(json) && json.format === 'graph-model') throw bad(GRAPH_MODEL);
  if (!isObject(json) || !Array.isArray(json.weightsManifest)) throw bad('it has no weightsManifest');
  const specs: unknown[] = [];
  const parts: Uint8Array[] = [];
  for (const group of json.weightsManifest as unknown[]) {
    const { paths, weights } = isObject(group) ? group : {};
    if (!Array.isArray(paths) || !Array.isArray(weights))
      throw bad(`a group of weights expected { paths, weights }, got ${excerpt(group)}`);
    for (const spec of weights as unknown[]) specs.push(spec);
    const shards = (paths as unknown[]).map((name) => join(dirname(path), fileName(bad, name)));
    parts.push(...(await readShards(bad, shards, bytesOf(bad, weights))));
  }
  return { topology: json.modelTopology, specs, data: Buffer.concat(parts) };
}

/** A name in the folder of model.json, or below it: a file must not point elsewhere. */
function fileName(bad: Bad, name: unknown): string {
  const parts = typeof name === 'string' && /^[^\\:\0]+$/.test(name) ? name.split('/') : ['..'];
  if (typeof name !== 'string' || parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw bad(
      `a path of weights expected the name of a file beside it, got ${typeof name === 'string' ? describe(name) : excerpt(name)}`,
    );
  }
  return name;
}

async function readShards(bad: Bad, shards: readonly string[], bytes: number): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  let left = bytes;
  for (const shard of shards) {
    const handle = await open(shard).catch((cause: unknown) => {
      throw bad(`its weights ${describe(shard)} cannot be opened: ${String(cause)}`, cause);
    });
    try {
      const info = await handle.stat();
      left -= info.size;
      if (!info.isFile() || left < 0)
        throw bad(`its weights take ${bytes} bytes, got more, or no file, at ${describe(shard)}`);
      parts.push(await handle.readFile());
    } finally {
      await handle.close();
    }
  }
  if (left !== 0) throw bad(`its weights take ${bytes} bytes, got ${bytes - left}`);
  return parts;
}
