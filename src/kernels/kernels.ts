import type { WasmModule } from '../core/wasm.ts';

export const BACKENDS = ['auto', 'wasm', 'blas', 'reference'] as const;
/** What the user asks for. */
export type BackendChoice = (typeof BACKENDS)[number];
/** What does the arithmetic. */
export type Backend = 'wasm' | 'reference';
/** Which of a backend's ways ran: the wasm backend has two twins. */
export type KernelPath = 'relaxed-simd' | 'simd' | 'float64';

/** The constants of an SGD step, as torch.optim.SGD has them. */
export interface Step {
  /** The learning rate. */
  readonly rate: number;
  /** 1 / B: the sums of the gradients become means, once. */
  readonly scale: number;
  /** Weight decay, added to the gradient of weights and biases. */
  readonly decay: number;
  readonly momentum: number;
  readonly nesterov: boolean;
}

/**
 * One worker's arithmetic on the arena. `rows` patterns are in the block at a time; layers count from 1 to L;
 * `slot` is the parameter slot that holds the weights, or into which gradients go.
 */
export interface Kernels {
  /** H_0 = scale * X + shift and D, from the rows order[from], order[from + 1], ... of the table. */
  load(order: Uint32Array, from: number, rows: number): void;
  /** H_l = f_l(H_{l-1} W_l + 1 b_l^T); for the output layer U_L, which `outputs` turns into Y. */
  forward(layer: number, slot: number, rows: number): void;
  /** Y = f_L(U_L) and D_L = Y - D; adds the loss and the right answers to the worker's statistics. */
  outputs(rows: number): void;
  /** D_l = (D_{l+1} W_{l+1}^T) * f_l'(U_l). */
  backward(layer: number, slot: number, rows: number): void;
  /** Gradient of W_l and b_l into slot `into`, or added to what is there. */
  gradient(layer: number, into: number, rows: number, accumulate: boolean): void;
  /** W_l and b_l after a step of plain SGD from slot `from`, written to slot `to`: no gradient is stored. */
  gradientStep(layer: number, from: number, to: number, rows: number, step: Step): void;
  /**
   * Sums the partial gradients and steps, on the elements [begin, end) of a slot. The gradients are in slot `to`
   * (where the new weights then stand) and in the `workers - 1` slots from 2 on. `phase` tells which velocity slot
   * is read; the other is written.
   */
  update(from: number, to: number, workers: number, begin: number, end: number, phase: number, step: Step): void;
}

/** What a thread needs to make its kernels. */
export interface KernelSource {
  readonly backend: Backend;
  readonly path: KernelPath;
  /** The compiled module, which threads share; undefined for the reference. */
  readonly module: WasmModule | undefined;
}

/** What was chosen and why; part of `trainer.info`. */
export interface BackendReport {
  readonly backend: Backend;
  readonly path: KernelPath;
  readonly reason: string;
}
