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
  const rule = RULES[step.rule];
  for (let i = begin; i < end; i++) {
    // g = clamp(1/B sum over workers, -clip, clip) + l1 sign(w) + decay w
    let sum = 0;
    for (const gradient of gradients) sum += gradient[i]!;
    const w = old.w[i]!;
    const g = Math.max(-clip, Math.min(clip, scale * sum)) + l1 * Math.sign(w) + decay * w;
    next.w[i] = rule(w, g, old.state, next.state, i, step);
  }
}

type Rule = (
  w: number,
  g: number,
  old: readonly Float64Array[],
  next: readonly Float64Array[],
  i: number,
  step: Step,
) => number;

/** w' of one parameter; as torch.optim.SGD, RMSprop, Adam and AdamW. */
const RULES: Record<Step['rule'], Rule> = {
  sgd: (w, g, _old, _next, _i, { rate }) => w - rate * g,

  momentum: (w, g, [v], [nextV], i, { rate, momentum, nesterov }) => {
    // v' = momentum v + g;  w' = w - rate (g + momentum v' | v')
    nextV![i] = momentum * v![i]! + g;
    return w - rate * (nesterov ? g + momentum * nextV![i] : nextV![i]);
  },

  rmsprop: (w, g, [v], [nextV], i, { rate, beta, epsilon }) => {
    // v' = alpha v + (1 - alpha) g^2;  w' = w - rate g / (sqrt v' + epsilon)
    nextV![i] = beta * v![i]! + (1 - beta) * (g * g);
    return w - (rate * g) / (Math.sqrt(nextV![i]) + epsilon);
  },

  adam: (w, g, [m, v], [nextM, nextV], i, { rate, shrink, momentum, beta, epsilon, correction }) => {
    // m' = beta1 m + (1 - beta1) g;  v' = beta2 v + (1 - beta2) g^2;  the corrections for their start at 0 are in rate and correction
    nextM![i] = momentum * m![i]! + (1 - momentum) * g;
    nextV![i] = beta * v![i]! + (1 - beta) * (g * g);
    return w - ((rate * nextM![i]) / (Math.sqrt(nextV![i]) * correction + epsilon) + shrink * w);
  },
};
