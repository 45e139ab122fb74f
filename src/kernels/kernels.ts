import { type Hyperparameters, MOST_CONSTANTS, RULES, type StepRule } from '../core/optimizers.ts';
import type { WasmModule } from '../core/wasm.ts';
import type { Mask } from './masks.ts';

export const BACKENDS = ['auto', 'wasm', 'blas', 'reference'] as const;
/** What the user asks for. */
export type BackendChoice = (typeof BACKENDS)[number];
/** What does the arithmetic. */
export type Backend = 'wasm' | 'blas' | 'reference';
/** The wasm kernels are compiled twice. */
export type Twin = 'relaxed-simd' | 'simd';
/** Which of a backend's ways ran. */
export type KernelPath = Twin | 'sgemm' | 'float64';

/**
 * What is the same in all steps of a run:
 *   g = clamp(scale * (g_0 + g_1 + ...), -clip, clip) + l1 sign(w) + decay w
 * and then the rule.
 */
export interface StepPlan {
  readonly rule: StepRule;
  readonly hyperparameters: Hyperparameters;
  /** Weight decay, added to the gradient of weights and biases. */
  readonly decay: number;
  readonly l1: number;
  /** Infinity: no limit. */
  readonly clip: number;
}

/** One update of the parameters. */
export interface Step extends Omit<StepPlan, 'hyperparameters'> {
  /** 1 / B: the sums of the gradients become means, once. Less where the norm of the gradient is clipped. */
  readonly scale: number;
  /** What the rule's kernels are given, as RULES writes it; the first is the learning rate of plain SGD. */
  readonly constants: Float64Array;
}

/**
 * A step at a learning rate.
 * @param t - updates since the weights were set, this one included
 */
export function stepOf(plan: Partial<StepPlan>, rate: number, scale = 1, t = 1): Step {
  const { rule = 'sgd', hyperparameters = {}, decay = 0, l1 = 0, clip = Infinity } = plan;
  const constants = new Float64Array(MOST_CONSTANTS);
  RULES[rule].constants(constants, rate, t, hyperparameters);
  return { rule, decay, l1, clip, scale, constants };
}

/** Whether the gradient is changed number by number before the rule sees it, but for `scale` and `decay`. */
export function isRegularised({ l1, clip }: Pick<Step, 'l1' | 'clip'>): boolean {
  return l1 !== 0 || clip !== Infinity;
}

/** Whether a step is of plain SGD, which can be made without storing a gradient. */
export function isPlain(step: Pick<Step, 'rule' | 'l1' | 'clip'>): boolean {
  return step.rule === 'sgd' && !isRegularised(step);
}

/**
 * A part of the parameters, cut from all layers: what one worker owns. Cut into tiles whose shapes do not depend on the
 * number of parts, so that no result depends on it either.
 */
export interface Share {
  readonly index: number;
  readonly count: number;
  /** The elements of a slot that belong to it: runs [begin, end). */
  readonly elements: readonly { readonly begin: number; readonly end: number }[];
}

/** Where a worker keeps what it shares with nobody: the slot of its gradient, and the copy of the optimiser's state. */
export interface OwnPlace {
  readonly gradient: number;
  readonly state: number;
}

/** Rows are dealt out in tiles, and go through the network at most so many together. */
export interface RowCut {
  readonly tile: number;
  readonly most: number;
}

/**
 * One worker's arithmetic on the arena. Layers count from 1 to L; `rows` patterns from row `at` of the block are worked on;
 * `slot` is the parameter slot that holds the weights, or into which gradients go. A gradient runs over the rows of the
 * block from the first on, whoever put them there, and covers a share of the parameters, or all.
 */
export interface Kernels {
  /** How a wave of `rows` is to be divided for forward and deltas, so that the bits do not depend on the workers. */
  rowCut(rows: number): RowCut;
  /** H_0 = scale * X + shift and D, from the rows order[from], order[from + 1], ... of the table. */
  load(order: Uint32Array, from: number, rows: number, at?: number): void;
  /** H_l = f_l(H_{l-1} W_l + 1 b_l^T); for the output layer U_L, which `outputs` turns into Y. */
  forward(layer: number, slot: number, rows: number, at?: number): void;
  /** H_l = H_l * M_l; the rows are those of the epoch from its row `row` on. Layer 0 are the inputs. */
  drop(layer: number, mask: Mask, row: number, rows: number, at?: number): void;
  /**
   * Y = f_L(U_L) and D_L = w (Y - D), w being the weight of each pattern, if the table has any; adds the loss, times w, and the
   * right answers to the worker's statistics.
   */
  outputs(rows: number, at?: number): void;
  /** D_l = (D_{l+1} W_{l+1}^T) * f_l'(U_l); where layer l has dropout without f_l', which `dropDelta` is left to do. */
  backward(layer: number, slot: number, rows: number, at?: number): void;
  /** D_l = D_l * f_l'(U_l) * M_l, after `drop` and `backward`. */
  dropDelta(layer: number, mask: Mask, row: number, rows: number, at?: number): void;
  /** Gradient of W_l and b_l into slot `into`, or added to what is there. */
  gradient(layer: number, into: number, rows: number, accumulate: boolean, share?: Share): void;
  /**
   * W_l and b_l after a step of plain SGD from slot `from`, written to slot `to`: no gradient is stored. With `accumulate`
   * the gradient of earlier rows stands in slot `to` and is added first.
   */
  gradientStep(
    layer: number,
    from: number,
    to: number,
    rows: number,
    step: Step,
    accumulate?: boolean,
    share?: Share,
  ): void;
  /**
   * Sums the partial gradients and steps, on the elements [begin, end) of a slot. The gradients are in slot `to`
   * (where the new weights then stand) and in the `workers - 1` slots from 2 on. `phase` tells which copy of the optimiser's
   * state is read; the other is written. With `own` the gradient is in another slot, and one copy is read and written.
   */
  update(
    from: number,
    to: number,
    workers: number,
    begin: number,
    end: number,
    phase: number,
    step: Step,
    own?: OwnPlace,
  ): void;
  /** The mean of the elements [begin, end) of some slots into slot `to`. */
  average(slots: readonly number[], to: number, begin: number, end: number): void;
  /** Sums the partial gradients as `update` does, in slot `to`. */
  reduce(to: number, workers: number, begin: number, end: number): void;
  /** Sums of squares of the elements [begin, end) of a slot, each of as few as no share divides, into the arena's `squares`. */
  square(slot: number, begin: number, end: number): void;
  /** A share; made once, not per update. */
  share(index: number, count: number): Share;
}

/** What a thread needs to make its kernels. */
export interface KernelSource {
  readonly backend: Backend;
  readonly path: KernelPath;
  /** The compiled module, which threads share; undefined for the reference. */
  readonly module: WasmModule | undefined;
  /** Of the blas backend: where the library is, and into how many parts work is cut, whatever the number of workers. */
  readonly blas?: { readonly library: string; readonly parts: number };
}

/** What was chosen and why; part of `trainer.info`. */
export interface BackendReport {
  readonly backend: Backend;
  readonly path: KernelPath;
  readonly reason: string;
  /** Of the blas backend: the library, and what it says of itself. */
  readonly library?: string;
  /** Where the choice was measured: seconds of one worker's part of an update. */
  readonly measured?: { readonly wasm: number; readonly blas: number };
}
