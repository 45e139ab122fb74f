import { describe } from '../core/checks.ts';
import type { Bad } from './bad-file.ts';
import { readFloats } from './floats.ts';
import { shapeText } from './safetensors.ts';
import { excerpt, isObject } from './strict-json.ts';

/** Bytes of an element of the types that a group of weights may hold; only float32 is read. */
const DTYPES = new Map([
  ['float32', 4],
  ['int32', 4],
  ['float16', 2],
  ['uint16', 2],
  ['uint8', 1],
  ['bool', 1],
  ['complex64', 8],
]);

interface Placed {
  readonly name: string;
  readonly dtype: string;
  readonly quantized: boolean;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The tensors of a LayersModel, found by the layer that they belong to. */
export class TfjsWeights {
  readonly #bad: Bad;
  readonly #data: Uint8Array;
  /** By the last part of the layer's name and what the weight is; layers may share that part. */
  readonly #tensors = new Map<string, Placed[]>();

  /**
   * @param specs - what the manifest says of each tensor; they lie one after the other
   * @param data - of all groups, joined
   */
  constructor(bad: Bad, specs: readonly unknown[], data: Uint8Array) {
    this.#bad = bad;
    this.#data = data;
    let at = 0;
    for (const spec of specs) {
      const tensor = readSpec(bad, spec, at);
      const key = keyOf(tensor.name);
      const others = this.#tensors.get(key);
      if (others) others.push(tensor);
      else this.#tensors.set(key, [tensor]);
      at = tensor.end;
    }
    if (at !== data.length) throw bad(`its weights take ${at} bytes, got ${data.length}`);
  }

  /**
   * The shape of a weight of a layer.
   * @param layer - its name
   * @param what - 'kernel', 'bias', ...
   */
  shape(layer: string, what: string): readonly number[] {
    return this.#find(layer, what).shape;
  }

  /** A weight of a layer, which must have this shape. */
  read(layer: string, what: string, shape: readonly number[]): Float32Array {
    const { name, dtype, quantized, shape: given, begin, end } = this.#find(layer, what);
    if (dtype !== 'float32' || quantized) {
      throw this.#bad(`weight ${describe(name)} expected float32, got ${quantized ? 'quantized ' : ''}${dtype}`);
    }
    if (shapeText(given) !== shapeText(shape)) {
      throw this.#bad(`weight ${describe(name)} expected shape ${shapeText(shape)}, got ${shapeText(given)}`);
    }
    return readFloats(this.#bad, this.#data, { name, dtype: 'F32', shape: given, begin, end });
  }

  /** Keras puts the name of the model before that of the layer, and a number after that of the weight. */
  #find(layer: string, what: string): Placed {
    const tail = `${layer}/${what}`;
    const found = (this.#tensors.get(keyOf(tail)) ?? []).filter(({ name }) => `/${plain(name)}`.endsWith(`/${tail}`));
    if (found.length !== 1) {
      throw this.#bad(`weight ${describe(tail)} is there ${found.length === 0 ? 'not at all' : 'more than once'}`);
    }
    return found[0]!;
  }
}

function plain(name: string): string {
  return name.replace(/:0$/, '');
}

function keyOf(name: string): string {
  return plain(name).split('/').slice(-2).join('/');
}

/** The bytes that the weights of a manifest's group take. */
export function bytesOf(bad: Bad, specs: readonly unknown[]): number {
  return specs.reduce<number>((at, spec) => readSpec(bad, spec, at).end, 0);
}

function readSpec(bad: Bad, spec: unknown, begin: number): Placed {
  if (!isObject(spec) || typeof spec.name !== 'string')
    throw bad(`a weight expected { name, shape, dtype }, got ${excerpt(spec)}`);
  const { name, shape, dtype, quantization } = spec;
  const isShape =
    Array.isArray(shape) && shape.length <= 16 && shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (!isShape) throw bad(`the shape of weight ${describe(name)} expected a list of sizes, got ${excerpt(shape)}`);
  const stored = isObject(quantization) ? quantization.dtype : dtype;
  const width = typeof stored === 'string' ? DTYPES.get(stored) : undefined;
  if (typeof stored !== 'string' || width === undefined) {
    throw bad(`weight ${describe(name)} has the unknown dtype ${describe(stored)}`);
  }
  const sizes = shape as number[];
  const end = sizes.reduce((product, size) => product * size, width) + begin;
  if (!Number.isSafeInteger(end)) throw bad(`weight ${describe(name)} of shape ${shapeText(sizes)} is too large`);
  return { name, dtype: stored, quantized: isObject(quantization), shape: sizes, begin, end };
}
