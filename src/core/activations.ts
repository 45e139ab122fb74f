// Activations: all that the formulas, the kernels, the starting weights and the checks have to know of each. In float32 they are in
// kernels/assembly/elementary.ts, under the numbers that stand here as `code`.

interface ActivationDescriptor {
  /** Number of the SIMD formula; 0 for none. */
  readonly code: number;
  /** Starting weights that keep the variance of its outputs. */
  readonly initialisation: 'he' | 'glorot';
  /** f(u), in float64. */
  readonly f: (u: number) => number;
  /** f'(u), written in terms of h = f(u). */
  readonly derivative: (h: number) => number;
}

/** Slope of the leaky ReLU below 0. */
export const LEAK = 0.01;

export const ACTIVATION_TABLE = {
  linear: { code: 0, initialisation: 'glorot', f: (u) => u, derivative: () => 1 },
  sigmoid: { code: 3, initialisation: 'glorot', f: (u) => 1 / (1 + Math.exp(-u)), derivative: (h) => h * (1 - h) },
  tanh: { code: 4, initialisation: 'glorot', f: Math.tanh, derivative: (h) => 1 - h * h },
  relu: { code: 1, initialisation: 'he', f: (u) => (u < 0 ? 0 : u), derivative: (h) => (h > 0 ? 1 : 0) },
  'leaky-relu': {
    code: 2,
    initialisation: 'he',
    f: (u) => (u < 0 ? LEAK * u : u),
    derivative: (h) => (h > 0 ? 1 : LEAK),
  },
  // Clevert et al. 2016, with alpha = 1.
  elu: { code: 5, initialisation: 'he', f: (u) => (u > 0 ? u : Math.expm1(u)), derivative: (h) => (h > 0 ? 1 : h + 1) },
  // Of a whole row, and of the output layer only: `outputs` applies it, and its delta has no derivative of its own.
  softmax: { code: 0, initialisation: 'glorot', f: (u) => u, derivative: () => 1 },
} as const satisfies Record<string, ActivationDescriptor>;

/** What a layer does to its synaptic input: H = f(U). */
export type Activation = keyof typeof ACTIVATION_TABLE;
export const ACTIVATIONS = Object.keys(ACTIVATION_TABLE) as Activation[];
/** Those that a hidden layer can have. */
export const HIDDEN_ACTIVATIONS = ACTIVATIONS.filter((name) => name !== 'softmax');
