import { describe } from '../core/checks.ts';
import type { Bad } from './bad-file.ts';
import { readFloats } from './floats.ts';
import { shapeText } from './safetensors.ts';
import { excerpt, isObject } from './strict-json.ts';
import type { KerasLayer } from './tfjs-topology.ts';

/** Bytes of an element of the types that a group of weights may hold. */
const DTYPES = new Map([
  ['float32', 4],
  ['int32', 4],
  ['float16', 2],
  ['uint16', 2],
  ['uint8', 1],
  ['bool', 1],
  ['complex64', 8],
]);

/** How numbers were made shorter: value = scale * stored + min; as float16 they are the values. */
interface Quantization {
  readonly scale: number;
  readonly min: number;
}

interface Placed {
  readonly name: string;
  readonly dtype: string;
  /** What is stored. */
  readonly stored: string;
  readonly quantization: Quantization | undefined;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The tensors of a LayersModel, found by the layer that they belong to. */
export class TfjsWeights {
  readonly #bad: Bad;
  readonly #data: Uint8Array;
  readonly #tensors: Placed[] = [];
  /** What the weights of a layer are called where that is not the layer's name. */
  #renamed: ReadonlyMap<string, string> = new Map();

  /**
   * @param specs - what the manifest says of each tensor; they lie one after the other
   * @param data - of all groups, joined
   */
  constructor(bad: Bad, specs: readonly unknown[], data: Uint8Array) {
    this.#bad = bad;
    this.#data = data;
    for (const spec of specs) this.#tensors.push(readSpec(bad, spec, this.#tensors.at(-1)?.end ?? 0));
    const end = this.#tensors.at(-1)?.end ?? 0;
    if (end !== data.length) throw bad(`its weights take ${end} bytes, got ${data.length}`);
  }

  /**
   * Matches names that were counted on in one session of Keras and from the start in another: the weights of 'dense_2' and
   * 'dense_3' belong to the layers 'dense' and 'dense_1'.
   * @param layers - those that have weights
   */
  match(layers: readonly string[]): void {
    this.#renamed = renamedLayers(
      layers,
      this.#tensors.map(({ name }) => plain(name).split('/').at(-2) ?? ''),
    );
  }

  /** Whether a layer has a weight of that name. */
  has(layer: KerasLayer, what: string): boolean {
    return this.#candidates(layer, what).length > 0;
  }

  /**
   * The shape of a weight of a layer.
   * @param what - 'kernel', 'bias', ...
   */
  shape(layer: KerasLayer, what: string): readonly number[] {
    return this.#find(layer, what).shape;
  }

  /** A weight of a layer, which must have this shape. */
  read(layer: KerasLayer, what: string, shape: readonly number[]): Float32Array {
    const { name, dtype, stored, quantization, shape: given, begin, end } = this.#find(layer, what);
    if (dtype !== 'float32') throw this.#bad(`weight ${describe(name)} expected float32, got ${dtype}`);
    if (shapeText(given) !== shapeText(shape)) {
      throw this.#bad(`weight ${describe(name)} expected shape ${shapeText(shape)}, got ${shapeText(given)}`);
    }
    if (stored === 'uint8' || stored === 'uint16') {
      return restored(this.#data.subarray(begin, end), stored, quantization!);
    }
    return readFloats(this.#bad, this.#data, {
      name,
      dtype: stored === 'float16' ? 'F16' : 'F32',
      shape: given,
      begin,
      end,
    });
  }

  #find(layer: KerasLayer, what: string): Placed {
    const found = this.#candidates(layer, what);
    if (found.length !== 1) {
      const tail = `${layer.name}/${what}`;
      throw this.#bad(`weight ${describe(tail)} is there ${found.length === 0 ? 'not at all' : 'more than once'}`);
    }
    return found[0]!;
  }

  /** Keras may put the names of models before that of the layer, and a number after that of the weight. */
  #candidates({ name, models }: KerasLayer, what: string): readonly Placed[] {
    const tail = `${this.#renamed.get(name) ?? name}/${what}`;
    for (let from = 0; from <= models.length; from++) {
      const path = [...models.slice(from), tail].join('/');
      const found = this.#tensors.filter((tensor) => `/${plain(tensor.name)}`.endsWith(`/${path}`));
      if (found.length > 0) return found;
    }
    return [];
  }
}

function plain(name: string): string {
  return name.replace(/:0$/, '');
}

/** Whose numbers are all off by the same count, where the names as they are do not fit. Pure. */
export function renamedLayers(layers: readonly string[], groups: readonly string[]): ReadonlyMap<string, string> {
  const renamed = new Map<string, string>();
  const wanted = numbered(layers.map((name) => name.split('/').at(-1)!));
  const there = numbered(groups);
  for (const [base, numbers] of wanted) {
    const others = there.get(base) ?? [];
    if (others.length !== numbers.length || numbers.every((number) => others.includes(number))) continue;
    const shift = others[0]! - numbers[0]!;
    if (!numbers.every((number, i) => others[i] === number + shift)) continue;
    for (const name of layers) {
      const [, own, number] = NUMBERED.exec(name)!;
      if (own!.split('/').at(-1) === base) renamed.set(name, `${own}${ending(Number(number ?? 0) + shift)}`);
    }
  }
  return renamed;
}

const NUMBERED = /^(.*?)(?:_(\d+))?$/s;

function ending(number: number): string {
  return number === 0 ? '' : `_${number}`;
}

/** By name without its number, the numbers that there are, rising. */
function numbered(names: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const sets = new Map<string, Set<number>>();
  for (const name of names) {
    const [, base, number] = NUMBERED.exec(name)!;
    sets.set(base!, (sets.get(base!) ?? new Set<number>()).add(Number(number ?? 0)));
  }
  return new Map([...sets].map(([base, numbers]) => [base, [...numbers].sort((a, b) => a - b)]));
}

function restored(bytes: Uint8Array, stored: 'uint8' | 'uint16', { scale, min }: Quantization): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const width = DTYPES.get(stored)!;
  return Float32Array.from({ length: bytes.length / width }, (_, i) => {
    const short = width === 1 ? view.getUint8(i) : view.getUint16(2 * i, true);
    return scale * short + min;
  });
}

/** The bytes that the weights of a manifest's group take. */
export function bytesOf(bad: Bad, specs: readonly unknown[]): number {
  return specs.reduce<number>((at, spec) => readSpec(bad, spec, at).end, 0);
}

function readSpec(bad: Bad, spec: unknown, begin: number): Placed {
  if (!isObject(spec) || typeof spec.name !== 'string')
    throw bad(`a weight expected { name, shape, dtype }, got ${excerpt(spec)}`);
  const { name, shape, dtype } = spec;
  const isShape =
    Array.isArray(shape) && shape.length <= 16 && shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (!isShape) throw bad(`the shape of weight ${describe(name)} expected a list of sizes, got ${excerpt(shape)}`);
  const { stored, quantization } = readQuantization(bad, name, spec.quantization, dtype);
  const width = typeof stored === 'string' ? DTYPES.get(stored) : undefined;
  if (typeof dtype !== 'string' || typeof stored !== 'string' || width === undefined) {
    throw bad(`weight ${describe(name)} has the unknown dtype ${describe(stored)}`);
  }
  const sizes = shape as number[];
  const end = sizes.reduce((product, size) => product * size, width) + begin;
  if (!Number.isSafeInteger(end)) throw bad(`weight ${describe(name)} of shape ${shapeText(sizes)} is too large`);
  return { name, dtype, stored, quantization, shape: sizes, begin, end };
}

function readQuantization(
  bad: Bad,
  name: string,
  value: unknown,
  dtype: unknown,
): { stored: unknown; quantization: Quantization | undefined } {
  if (value === undefined || value === null) return { stored: dtype, quantization: undefined };
  const { dtype: stored, scale, min } = isObject(value) ? value : {};
  if (stored === 'float16') return { stored, quantization: undefined };
  const isSet = typeof scale === 'number' && typeof min === 'number' && Number.isFinite(scale) && Number.isFinite(min);
  if ((stored !== 'uint8' && stored !== 'uint16') || !isSet) {
    const expected = '{ dtype, scale, min } of uint8 or uint16, or { dtype: "float16" }';
    throw bad(`the quantization of weight ${describe(name)} expected ${expected}, got ${excerpt(value)}`);
  }
  return { stored, quantization: { scale, min } };
}
