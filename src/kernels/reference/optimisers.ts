import type { StepRule } from '../../core/optimizers.ts';
import type { Step } from '../kernels.ts';

/** Parameters and what the optimiser remembers of them, in one order. */
export interface Optimised {
  readonly w: Float64Array;
  readonly state: readonly Float64Array[];
}

/** The elements [begin, end) after a step: `next` may be `old`, and its w the place of the first gradient. */
export function stepAll(
  old: Optimised,
  next: Optimised,
  gradients: readonly Float64Array[],
  begin: number,
  end: number,
  step: Step,
): void {
  const { scale, decay, l1, clip } = step;
  const rule = FORMULAS[step.rule];
  for (let i = begin; i < end; i++) {
    // g = clamp(1/B sum over workers, -clip, clip) + l1 sign(w) + decay w
    let sum = 0;
    for (const gradient of gradients) sum += gradient[i]!;
    const w = old.w[i]!;
    const g = Math.max(-clip, Math.min(clip, scale * sum)) + l1 * Math.sign(w) + decay * w;
    next.w[i] = rule(w, g, old.state, next.state, i, step.constants);
  }
}

/** @param c - the constants, as RULES in core/optimizers.ts writes them */
type Rule = (
  w: number,
  g: number,
  old: readonly Float64Array[],
  next: readonly Float64Array[],
  i: number,
  c: Float64Array,
) => number;

/** w' of one parameter; as torch.optim.SGD, RMSprop, Adam and AdamW. */
const FORMULAS: Record<StepRule, Rule> = {
  sgd: (w, g, _old, _next, _i, [rate]) => w - rate! * g,

  momentum: (w, g, [v], [nextV], i, [rate, mu, nesterov]) => {
    // v' = mu v + g;  w' = w - rate (g + mu v' | v')
    nextV![i] = mu! * v![i]! + g;
    return w - rate! * (nesterov ? g + mu! * nextV![i] : nextV![i]);
  },

  rmsprop: (w, g, [v], [nextV], i, [rate, alpha, rest, epsilon]) => {
    // v' = alpha v + (1 - alpha) g^2;  w' = w - rate g / (sqrt v' + epsilon)
    nextV![i] = alpha! * v![i]! + rest! * (g * g);
    return w - (rate! * g) / (Math.sqrt(nextV![i]) + epsilon!);
  },

  adam: (w, g, [m, v], [nextM, nextV], i, [rate, beta1, rest1, beta2, rest2, epsilon, correction, shrink]) => {
    // m' = beta1 m + (1 - beta1) g;  v' = beta2 v + (1 - beta2) g^2;  the corrections for their start at 0 are in rate and correction
    nextM![i] = beta1! * m![i]! + rest1! * g;
    nextV![i] = beta2! * v![i]! + rest2! * (g * g);
    return w - ((rate! * nextM![i]) / (Math.sqrt(nextV![i]) * correction! + epsilon!) + shrink! * w);
  },

  lion: (w, g, [m], [nextM], i, [rate, beta1, rest1, beta2, rest2, shrink]) => {
    // w' = w - rate sign(beta1 m + (1 - beta1) g) - shrink w;  m' = beta2 m + (1 - beta2) g
    const old = m![i]!;
    nextM![i] = beta2! * old + rest2! * g;
    return w - (rate! * Math.sign(beta1! * old + rest1! * g) + shrink! * w);
  },
};
