import type { NetworkSpec } from '../core/spec.ts';
import type { Scaling } from '../core/table.ts';
import type { Layer64 } from '../kernels/reference/pattern.ts';
import type { Engine } from './engine.ts';
import { ReferenceEngine } from './reference-engine.ts';
import { WasmEngine, type WasmSource } from './wasm-engine.ts';

/** The weights of one network, in memory that threads share, and what computes with them. Crosses threads. */
export interface EngineSource {
  readonly spec: NetworkSpec;
  readonly scaling: Scaling;
  readonly weights:
    | ({ readonly backend: 'wasm' } & WasmSource)
    | { readonly backend: 'reference'; readonly layers: readonly Layer64[] };
}

/** The engine of one thread. */
export function openEngine({ spec, scaling, weights }: EngineSource, thread: number): Engine {
  return weights.backend === 'wasm'
    ? new WasmEngine(weights, spec, scaling, thread)
    : new ReferenceEngine(weights.layers, spec, scaling);
}
