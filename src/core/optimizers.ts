// Optimisers: all that options, steps, kernels and the command line have to know of each. The formulas are written twice, in
// kernels/reference/optimisers.ts (float64) and in kernels/assembly/update.ts (float32), under the names of the rules.

/** Hyper-parameters of a rule by name. */
export type Hyperparameters = Readonly<Record<string, number>>;

/** Default and bounds of a hyper-parameter; `below` excludes its upper bound. */
interface Hyperparameter {
  readonly default: number;
  readonly low: number;
  readonly below?: number;
}

interface RuleDescriptor {
  /** State vectors, each as long as the parameters. */
  readonly vectors: number;
  /** Whether the constants depend on t, the number of updates. */
  readonly counts: boolean;
  /**
   * Writes the constants that the rule's kernels are given.
   * @param c - up to `MOST_CONSTANTS` of them
   * @param rate - learning rate of the update
   * @param t - updates since the weights were set, this one included
   */
  readonly constants: (c: Float64Array, rate: number, t: number, h: Hyperparameters) => void;
}

export const MOST_CONSTANTS = 8;

/** Update rules of a parameter. */
export const RULES = {
  sgd: {
    vectors: 0,
    counts: false,
    constants: (c, rate) => {
      c[0] = rate;
    },
  },
  momentum: {
    vectors: 1,
    counts: false,
    constants: (c, rate, _t, h) => {
      c[0] = rate;
      c[1] = h.momentum!;
      c[2] = h.nesterov!;
    },
  },
  rmsprop: {
    vectors: 1,
    counts: false,
    constants: (c, rate, _t, h) => {
      c[0] = rate;
      c[1] = h.alpha!;
      c[2] = 1 - h.alpha!;
      c[3] = h.epsilon!;
    },
  },
  // m and v begin at 0, which is corrected by 1 - beta^t (Kingma and Ba 2015, section 2).
  adam: {
    vectors: 2,
    counts: true,
    constants: (c, rate, t, h) => {
      c[0] = rate / (1 - h.beta1! ** t);
      c[1] = h.beta1!;
      c[2] = 1 - h.beta1!;
      c[3] = h.beta2!;
      c[4] = 1 - h.beta2!;
      c[5] = h.epsilon!;
      c[6] = 1 / Math.sqrt(1 - h.beta2! ** t);
      c[7] = rate * (h.weightDecay ?? 0);
    },
  },
  lion: {
    vectors: 1,
    counts: false,
    constants: (c, rate, _t, h) => {
      c[0] = rate;
      c[1] = h.beta1!;
      c[2] = 1 - h.beta1!;
      c[3] = h.beta2!;
      c[4] = 1 - h.beta2!;
      c[5] = rate * h.weightDecay!;
    },
  },
} as const satisfies Record<string, RuleDescriptor>;

export type StepRule = keyof typeof RULES;

interface OptimizerDescriptor {
  /** Default learning rate: that of torch.optim, of Lion that of its authors. */
  readonly learningRate: number;
  readonly rule: StepRule;
  readonly hyperparameters: Readonly<Record<string, Hyperparameter>>;
}

/** The smallest number that float32 holds in full: parameters' padding is divided by epsilon. */
const EPSILON = { default: 1e-8, low: 2 ** -126 };
const BETA1 = { default: 0.9, low: 0, below: 1 };
const BETA2 = { default: 0.999, low: 0, below: 1 };

/** Optimisers by name. `sgd` has the rule 'momentum' where there is momentum, which is an option of its own. */
export const OPTIMIZERS = {
  sgd: { learningRate: 0.1, rule: 'sgd', hyperparameters: {} },
  rmsprop: {
    learningRate: 0.01,
    rule: 'rmsprop',
    hyperparameters: { alpha: { default: 0.99, low: 0, below: 1 }, epsilon: EPSILON },
  },
  adam: { learningRate: 0.001, rule: 'adam', hyperparameters: { beta1: BETA1, beta2: BETA2, epsilon: EPSILON } },
  adamw: {
    learningRate: 0.001,
    rule: 'adam',
    hyperparameters: { beta1: BETA1, beta2: BETA2, epsilon: EPSILON, weightDecay: { default: 0.01, low: 0 } },
  },
  lion: {
    learningRate: 0.0001,
    rule: 'lion',
    hyperparameters: { beta1: BETA1, beta2: { ...BETA2, default: 0.99 }, weightDecay: { default: 0, low: 0 } },
  },
} as const satisfies Record<string, OptimizerDescriptor>;

export type OptimizerName = keyof typeof OPTIMIZERS;
export const OPTIMIZER_NAMES = Object.keys(OPTIMIZERS) as OptimizerName[];

/** An optimiser with hyper-parameters of its own. */
export type OptimizerOptions<N extends OptimizerName> = { name: N } & {
  [K in keyof (typeof OPTIMIZERS)[N]['hyperparameters']]?: number | undefined;
};

export function descriptorOf(name: OptimizerName): OptimizerDescriptor {
  return OPTIMIZERS[name];
}
