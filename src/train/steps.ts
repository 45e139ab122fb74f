import { MOST_CONSTANTS, RULES, type StepRule } from '../core/optimizers.ts';
import { fillRates, rateAt } from '../core/schedule.ts';
import type { Step, StepPlan } from '../kernels/kernels.ts';
import type { RunPlan } from '../pool/messages.ts';

/** Added to the length of a gradient before something is divided by it, as torch.nn.utils.clip_grad_norm_ does. */
const TINY = 1e-6;
/** Learning rates are computed for so many updates at a time. */
const AHEAD = 1024;

/**
 * The steps of a run, update by update: what the schedule, the count of Adam, the rows of a batch and the length of the gradient
 * make of the run's constants. The same numbers on every thread.
 */
export class Steps {
  readonly #run: RunPlan;
  readonly #full: ChangingStep;
  /** Of an epoch's last batch, which may be short: sums are divided by its own number of rows. */
  readonly #last: ChangingStep;
  /** Undefined: all are the same. */
  readonly #rates: Float64Array | undefined;
  /** The update, counted since the weights were set, to which the first of the rates belongs. */
  #first = -Infinity;

  /** @param updates - for how many updates of the run they will be asked, from some one on */
  constructor(run: RunPlan, updates: number) {
    this.#run = run;
    const { step, rates, batchSize, rows, count } = run;
    const rate = rateAt(rates, count);
    this.#full = new ChangingStep(step, rate, 1 / batchSize);
    this.#last = new ChangingStep(step, rate, 1 / (rows % batchSize || batchSize));
    const varies = rates.name !== 'constant' || RULES[step.rule].counts;
    this.#rates = varies ? new Float64Array(Math.min(AHEAD, updates)) : undefined;
  }

  /**
   * The step of an update, counted through the epochs of the run, whose batch has `size` rows. Valid until the next call; nothing is
   * allocated.
   * @param rows - over which the gradient is summed, if it is not the whole batch
   */
  at(update: number, size: number, rows = size): Step {
    const step = size === this.#run.batchSize ? this.#full : this.#last;
    if (rows !== size) step.mean(rows);
    if (this.#rates !== undefined) {
      const { rates, count } = this.#run;
      const now = count + update;
      if (!(now >= this.#first && now < this.#first + this.#rates.length)) {
        fillRates(rates, now, this.#rates);
        this.#first = now;
      }
      step.set(this.#rates, now - this.#first, now + 1);
    }
    return step;
  }

  /** The same step for a gradient whose sums of squares are known: its length is limited. */
  clipped(size: number, squares: Float64Array): Step {
    const step = size === this.#run.batchSize ? this.#full : this.#last;
    step.limit(size, squares, this.#run.clipNorm);
    return step;
  }
}

/** A step whose numbers change without anything being allocated: in a field they would be boxed at every write. */
class ChangingStep implements Step {
  readonly rule: StepRule;
  readonly decay: number;
  readonly l1: number;
  readonly clip: number;
  readonly constants = new Float64Array(MOST_CONSTANTS);
  readonly #plan: StepPlan;
  readonly #scale: Float64Array;

  constructor(plan: StepPlan, rate: number, scale: number) {
    this.rule = plan.rule;
    this.decay = plan.decay;
    this.l1 = plan.l1;
    this.clip = plan.clip;
    this.#plan = plan;
    this.#scale = Float64Array.of(scale);
    RULES[plan.rule].constants(this.constants, rate, 1, plan.hyperparameters);
  }

  get scale(): number {
    return this.#scale[0]!;
  }

  /** Sums over so many rows become means. */
  mean(rows: number): void {
    this.#scale[0] = 1 / rows;
  }

  /** @param t - updates with this one */
  set(rates: Float64Array, at: number, t: number): void {
    RULES[this.rule].constants(this.constants, rates[at]!, t, this.#plan.hyperparameters);
  }

  /** The mean gradient becomes no longer than `most`; its squares are added up in an order that is always the same. */
  limit(size: number, squares: Float64Array, most: number): void {
    let even = 0;
    let odd = 0;
    // A slot has whole cache lines: there are pairs.
    for (let i = 0; i < squares.length; i += 2) {
      even += squares[i]!;
      odd += squares[i + 1]!;
    }
    const length = Math.sqrt(even + odd) / size;
    this.#scale[0] = Math.min(1, most / (length + TINY)) / size;
  }
}
