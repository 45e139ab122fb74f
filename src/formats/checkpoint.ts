// A checkpoint is a safetensors file. Its tensors are vectors as long as the parameters, `<vector>.<layer>.weights` (n_{l-1} x n_l,
// row-major) and `<vector>.<layer>.bias`, in float32 or float64 as the backend has them; its metadata says what network they belong
// to and holds the state of the training as JSON.
import { describe } from '../core/checks.ts';
import { type NetworkSpec, widths } from '../core/spec.ts';
import type { Scaling } from '../core/table.ts';
import { VERSION } from '../core/version.ts';
import type { LayerNumbers } from '../memory/arena.ts';
import type { Network } from '../nn/network.ts';
import type { Bad } from './bad-file.ts';
import { digestOf } from './digest.ts';
import { exactJson, exactValue } from './exact-json.ts';
import { readExact } from './floats.ts';
import { networkMetadata, readJson, readNetworkMetadata } from './model.ts';
import { littleEndian, type SafetensorsFile, shapeText, type TensorEntry, writeSafetensors } from './safetensors.ts';
import { isObject, type JsonObject } from './strict-json.ts';

/** Vectors as long as the parameters, by name. */
export type Vectors = ReadonlyMap<string, readonly LayerNumbers[]>;

/** What a checkpoint holds. */
export interface CheckpointContent {
  readonly spec: NetworkSpec;
  readonly normalization: Scaling;
  readonly state: JsonObject;
  readonly vectors: Vectors;
  /** The version of gradpool that wrote the file. */
  readonly writtenBy: string;
}

/** Raised when an older reader would misread a file. */
const FORMAT = 1;
export const CHECKPOINT_KIND = 'a gradpool checkpoint';
const KEYS = {
  format: 'gradpool.checkpoint',
  state: 'gradpool.state',
  digest: 'gradpool.digest',
} as const;

/**
 * The bytes of a checkpoint, with a digest by which damage is found.
 * @param state - plain data
 */
export async function checkpointToBytes(network: Network, state: object, vectors: Vectors): Promise<Uint8Array> {
  const n = widths(network.spec);
  const tensors = [...vectors].flatMap(([name, layers]) =>
    layers.flatMap(({ weights, bias }, l) => [
      { name: `${name}.${l + 1}.weights`, shape: [n[l]!, n[l + 1]!], values: weights },
      { name: `${name}.${l + 1}.bias`, shape: [n[l + 1]!], values: bias },
    ]),
  );
  const metadata = { [KEYS.format]: String(FORMAT), ...networkMetadata(network), [KEYS.state]: exactJson(state) };
  const numbers = tensors.map(({ values }) => littleEndian(values));
  const digest = await digestOf([labelOf(Object.entries(metadata), tensors), ...numbers]);
  return writeSafetensors(tensors, { ...metadata, [KEYS.digest]: digest });
}

/** All that the digest is of, but for the numbers. */
function labelOf(
  metadata: readonly (readonly [string, string])[],
  tensors: readonly { readonly name: string; readonly shape: readonly number[] }[],
): Uint8Array {
  return new TextEncoder().encode(JSON.stringify([metadata, tensors.map(({ name, shape }) => [name, shape])]));
}

/** What {@link checkpointToBytes} wrote. */
export async function readCheckpoint(
  bad: Bad,
  { metadata, tensors, data }: SafetensorsFile,
): Promise<CheckpointContent> {
  const format = metadata.get(KEYS.format);
  if (format === undefined) throw bad(`it has no "${KEYS.format}"`);
  const { spec, normalization, writtenBy } = readNetworkMetadata(bad, metadata);
  if (format !== String(FORMAT)) {
    throw bad(
      `its format ${describe(format)} of gradpool ${writtenBy} is not ${FORMAT}, which gradpool ${VERSION} reads`,
    );
  }
  const others = [...metadata].filter(([key]) => key !== KEYS.digest);
  const digest = await digestOf([labelOf(others, [...tensors.values()]), data]);
  if (digest !== metadata.get(KEYS.digest)) throw bad('its digest is not that of its contents');
  const state = exactValue(readJson(bad, metadata, KEYS.state));
  if (!isObject(state)) throw bad(`"${KEYS.state}" expected an object, got ${describe(state)}`);
  return { spec, normalization, state, vectors: readVectors(bad, spec, tensors, data), writtenBy };
}

function readVectors(
  bad: Bad,
  spec: NetworkSpec,
  tensors: ReadonlyMap<string, TensorEntry>,
  data: Uint8Array,
): Vectors {
  const n = widths(spec);
  const vectors = new Map<string, LayerNumbers[]>();
  const read = (name: string, shape: readonly number[]) => {
    const entry = tensors.get(name);
    if (entry === undefined) throw bad(`tensor ${describe(name)} is missing`);
    if (entry.dtype !== 'F32' && entry.dtype !== 'F64')
      throw bad(`tensor ${describe(name)} expected dtype F32 or F64, got ${entry.dtype}`);
    if (shapeText(entry.shape) !== shapeText(shape))
      throw bad(`tensor ${describe(name)} expected shape ${shapeText(shape)}, got ${shapeText(entry.shape)}`);
    return readExact(data, entry);
  };
  for (const name of tensors.keys()) {
    const [, vector] = /^(.+)\.1\.weights$/.exec(name) ?? [];
    if (vector === undefined) continue;
    const layers = spec.layers.map((_, l) => ({
      weights: read(`${vector}.${l + 1}.weights`, [n[l]!, n[l + 1]!]),
      bias: read(`${vector}.${l + 1}.bias`, [n[l + 1]!]),
    }));
    vectors.set(vector, layers);
  }
  if (tensors.size !== 2 * spec.layers.length * vectors.size)
    throw bad(
      `expected ${2 * spec.layers.length} tensors for each of ${vectors.size} vectors, got ${tensors.size} tensors`,
    );
  return vectors;
}
