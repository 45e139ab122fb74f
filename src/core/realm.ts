// What a user hands over may come from another realm (a context of `vm`, the sandbox of a test runner, a frame), whose classes are
// not the ones here, so that `instanceof` fails; these look at what a value is made of. For browsers, too.

/** The types in which data may lie; bytes stay bytes. */
export type NumericArray =
  Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

/** The classes of this realm, by the tag that those of all realms have. */
const NUMERIC = {
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
} as const;

type Numeric = typeof NUMERIC;
export type NumericType = keyof Numeric;

const { get: typedArrayTag } = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
) as { get: (this: unknown) => unknown };

/** The name of a typed array's class, 'Float32Array'; undefined for anything else. */
export function typedArrayName(value: unknown): string | undefined {
  return typedArrayTag.call(value) as string | undefined;
}

/** The class, in this realm, of an array that may be of a derived class, as Buffer is. */
export function numericType(values: NumericArray): NumericType {
  return typedArrayName(values) as NumericType;
}

/** An array over a buffer, of a type by its name. */
export function numericArray(type: NumericType, buffer: ArrayBufferLike, offset = 0, length?: number): NumericArray {
  return new NUMERIC[type](buffer as ArrayBuffer, offset, length);
}

/**
 * A typed array of numbers, whose class is one of this realm: the same one, or another over its bytes.
 * @returns undefined for anything else; those of bigints are none of numbers
 */
export function asNumericArray(value: unknown): NumericArray | undefined {
  const name = typedArrayName(value);
  if (name === undefined) return undefined;
  if (name === 'Float16Array') return Float32Array.from(value as Float32Array);
  if (name === 'Uint8ClampedArray') return asType('Uint8Array', value as ArrayBufferView);
  return name in NUMERIC ? asType(name as NumericType, value as ArrayBufferView) : undefined;
}

/** The same of one type. */
export function asArrayOf<T extends NumericType>(type: T, value: unknown): InstanceType<Numeric[T]> | undefined {
  if (typedArrayName(value) !== type) return undefined;
  return asType(type, value as ArrayBufferView) as InstanceType<Numeric[T]>;
}

function asType(type: NumericType, view: ArrayBufferView): NumericArray {
  if (view.constructor === NUMERIC[type]) return view;
  const { BYTES_PER_ELEMENT: size } = NUMERIC[type];
  return numericArray(type, view.buffer, view.byteOffset, view.byteLength / size);
}

export function isBytes(value: unknown): value is Uint8Array {
  return typedArrayName(value) === 'Uint8Array';
}

export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return tagOf(value) === 'ArrayBuffer';
}

/** Whether threads can see the bytes of a buffer. */
export function isSharedBuffer(buffer: unknown): boolean {
  return tagOf(buffer) === 'SharedArrayBuffer';
}

export function isDate(value: unknown): value is Date {
  return tagOf(value) === 'Date';
}

export function isError(value: unknown): value is Error {
  return tagOf(value) === 'Error' || tagOf(value) === 'DOMException';
}

export function isUrl(value: unknown): value is URL {
  return tagOf(value) === 'URL' && typeof (value as Partial<URL>).href === 'string';
}

export function isAbortSignal(value: unknown): value is AbortSignal {
  if (typeof value !== 'object' || value === null) return false;
  const { aborted, addEventListener, removeEventListener } = value as Partial<AbortSignal>;
  return (
    typeof aborted === 'boolean' && typeof addEventListener === 'function' && typeof removeEventListener === 'function'
  );
}

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}
