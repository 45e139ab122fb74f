import type { StepRule } from '../core/optimizers.ts';
import type { WasmMemory, WasmModule } from '../core/wasm.ts';

/** What src/kernels/assembly exports. All arguments are numbers; pointers are byte offsets into the arena. */
export type KernelExports = Record<
  | 'forward'
  | 'backward'
  | 'gradient'
  | 'gradientStep'
  | 'biasGradient'
  | 'biasGradientStep'
  | StepRule
  | 'regularise'
  | 'reduce'
  | 'square'
  | 'gatherBytes'
  | 'gatherFloats'
  | 'softmaxClasses'
  | 'softmaxValues'
  | 'linearValues'
  | 'sigmoidValues'
  | 'addBiasActivate'
  | 'multiplyDerivative'
  | 'drop'
  | 'dropDelta'
  | 'scaledCopy'
  | 'scaleRow'
  | 'columnTotals'
  | 'plainStep'
  | 'clearColumns'
  | 'fmaPeak',
  (...args: number[]) => number
>;

/** Instantiates the shared module on an arena. */
export function instantiate(module: WasmModule, memory: WasmMemory): KernelExports {
  return new WebAssembly.Instance(module, {
    env: { memory: memory },
  }).exports as KernelExports;
}
