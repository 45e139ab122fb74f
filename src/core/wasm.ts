/** A WebAssembly.Memory, as it is named in exported types. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
}

/** A compiled WebAssembly.Module, which threads share. */
export type WasmModule = object;
