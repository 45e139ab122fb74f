// Made-up reports of every kind, complete and exact: T(B) = t0 + c B for an update.
import { medianInterval } from '#src/lab/statistics.js';

const LAYERS = [
  { units: 128, activation: 'relu' },
  { units: 10, activation: 'softmax' },
];
const NETWORK = { inputs: 784, layers: LAYERS, parameters: 101_770 };
const KIB = 1024;

export const ENVIRONMENT = {
  cpu: 'Made-up CPU',
  cores: 4,
  availableCores: 4,
  caches: [
    { level: 1, type: 'Data', bytes: 32 * KIB, sharedBy: 1 },
    { level: 1, type: 'Instruction', bytes: 32 * KIB, sharedBy: 1 },
    { level: 2, type: 'Unified', bytes: KIB * KIB, sharedBy: 1 },
    { level: 3, type: 'Unified', bytes: 32 * KIB * KIB, sharedBy: 4 },
  ],
  memory: 2 ** 34,
  load: [0.1, 0.2, 0.3],
  os: 'linux',
  node: '20.19.0',
  v8: '11.3',
  flags: [],
  simd: 'simd',
  version: '0.0.0',
  time: '2026-01-02T03:04:05.678Z',
};

/** Values that differ by a percent or two, and are found again by their digits. */
function around(value: number, rounds: number): number[] {
  return Array.from({ length: rounds }, (_, i) => value * (1 + 0.01 * i) + 1e-9 * (i + 1));
}

interface Asked {
  workers?: readonly number[];
  batchSizes?: readonly number[];
  rounds?: number;
  /** How many of the trainings arrive; none where undefined. */
  arrived?: number;
  state?: 'complete' | 'partial';
}

/** A report of kind 'batch-curve' as it stands in a file. */
export function curve({ workers = [1, 2], batchSizes = [16, 64, 256, 1024], rounds = 3, arrived, state }: Asked = {}) {
  const points = workers.flatMap((n) =>
    batchSizes.map((B) => {
      const samples = around((2e-5 + 4e-6 * B) / n, rounds);
      const of = (values: number[]) => medianInterval(values, 1);
      const updates = around(3000 / Math.sqrt(B), 3).map((u, i) => (i < (arrived ?? 0) ? u : Infinity));
      return {
        batchSize: B,
        workers: n,
        updatesPerEpoch: Math.ceil(4096 / B),
        timePerUpdate: of(samples),
        timePerRow: of(samples.map((t) => t / B)),
        timePerEpoch: of(samples.map((t) => t * Math.ceil(4096 / B))),
        samplesPerSecond: of(samples.map((t) => B / t)),
        ...(arrived !== undefined && {
          updatesToTarget: of(updates),
          timeToTarget: of(updates.map((u) => u * samples[0]!)),
        }),
        workingSet: 407_080 + Math.ceil(B / n) * 5000,
        trainer: { backend: 'wasm', path: 'simd', strategy: 'owner-computes', reason: 'by name', blockRows: 256 },
        samples,
        measurements: samples.flatMap((t) => Array.from({ length: 5 }, () => t)),
      };
    }),
  );
  const [fastest, most] = [batchSizes.at(-1)!, workers.at(-1)!];
  const best = workers.map((n) => ({
    workers: n,
    fastest,
    batchSizes: [fastest],
    recommended: fastest,
    tolerance: 0.05,
  }));
  const shapes = workers.map((n) => ({ workers: n, verdict: 'L-shaped', text: `L-shaped on ${n}.` }));
  const targets = batchSizes.map((B) => ({
    batchSize: B,
    rule: 'linear',
    multiplier: 1,
    learningRate: 0.1,
    updates: around(3000 / Math.sqrt(B), 3).map((u, i) => (i < (arrived ?? 0) ? u : null)),
    arrived: arrived ?? 0,
    most: 1000,
    tried: [],
  }));
  return {
    kind: 'batch-curve',
    version: 2,
    state: state ?? 'complete',
    network: NETWORK,
    patterns: 4096,
    rounds,
    sampleSeconds: 0.1,
    points,
    best: { quantity: 'timePerEpoch', ...best.find((one) => one.workers === most)!, timePerEpoch: best },
    shape: { ...shapes.at(-1)!, quantity: 'timePerEpoch', timePerEpoch: shapes },
    ...(arrived !== undefined && { target: { loss: 0.4, batchSizes: targets, predicted: [] } }),
    environment: ENVIRONMENT,
  };
}

/** A report of kind 'scaling': N / (1 + 0.1 (N - 1)). */
export function scaling() {
  const speedup = (n: number) => n / (1 + 0.1 * (n - 1));
  const span = (value: number) => ({ median: value, low: 0.9 * value, high: 1.1 * value });
  const points = [1, 2, 4].map((n) => ({
    mode: 'strong',
    strategy: 'auto',
    workers: n,
    batchSize: 256,
    timePerUpdate: span(1e-3 / speedup(n)),
    samplesPerSecond: span(256e3 * speedup(n)),
    speedup: span(speedup(n)),
    efficiency: span(speedup(n) / n),
    phases: Array.from({ length: n }, () => ({ forward: 4e-4 / n, gradient: 5e-4 / n, barrier: 1e-4 })),
    trainer: { backend: 'wasm', path: 'simd', strategy: 'owner-computes', blockRows: 256, shards: 1 },
    samples: around(1e-3 / speedup(n), 3),
  }));
  const series = {
    mode: 'strong',
    strategy: 'auto',
    amdahl: { serial: span(0.1), limit: span(10) },
    usl: { alpha: span(0.1), beta: span(0), peak: { median: null, low: 8, high: null } },
    caveats: ['Three points.'],
    predictions: [{ workers: 8, law: 'amdahl', speedup: span(speedup(8)), beyond: true }],
  };
  const common = { version: 1, state: 'complete', network: NETWORK, patterns: 4096, rounds: 3, sampleSeconds: 0.1 };
  return { kind: 'scaling', ...common, points, series: [series], environment: ENVIRONMENT };
}

/** A report of kind 'capacity', of widths and depths. */
export function capacity() {
  const sizes = [
    ...[4, 16, 64].map((width) => ({ width, depth: 1 })),
    ...[1, 2, 3].map((depth) => ({ width: 16, depth })),
  ];
  const points = sizes.map(({ width, depth }, i) => {
    const runs = around(0.5 / Math.sqrt(width * depth), 3).map((error, seed) => ({
      seed,
      training: 0.8 * error,
      validation: 1.1 * error,
      test: error,
      epochs: 5,
      seconds: 0.25,
    }));
    const of = (key: 'training' | 'validation' | 'test' | 'epochs' | 'seconds') =>
      medianInterval(
        runs.map((run) => run[key]),
        1,
      );
    return {
      axis: i < 3 ? 'width' : 'depth',
      width,
      depth,
      parameters: 794 * width,
      training: of('training'),
      validation: of('validation'),
      test: of('test'),
      seconds: of('seconds'),
      epochs: of('epochs'),
      runs,
    };
  });
  return {
    kind: 'capacity',
    version: 1,
    state: 'complete',
    quantity: 'loss',
    points,
    best: [
      { axis: 'width', least: 64, asGood: [64], risesAgain: false, text: 'Least at 64 units.' },
      { axis: 'depth', least: 3, asGood: [2, 3], risesAgain: false, text: 'Least with 3 layers.' },
    ],
    sideBySide: { together: 2, workersEach: 1, why: 'faster.' },
    patterns: { training: 100, validation: 20, test: 20 },
    environment: ENVIRONMENT,
  };
}

/** Events of two workers: each update takes 1 ms, the second worker begins 0.1 ms later; updates 4 and 5 were not timed. */
export function trace() {
  const names = ['worker 0', 'worker 1'].map((name, tid) => ({
    name: 'thread_name',
    ph: 'M',
    pid: 1,
    tid,
    args: { name },
  }));
  const process = { name: 'process_name', ph: 'M', pid: 1, args: { name: 'gradpool' } };
  const events = [0, 1, 2, 3, 6, 7].flatMap((update) =>
    [0, 1].flatMap((tid) =>
      ['forward', 'barrier'].map((name, i) => ({
        name,
        ph: 'X',
        ts: 1000 * update + 100 * tid + 400 * i,
        dur: 400,
        pid: 1,
        tid,
        args: { update },
      })),
    ),
  );
  return { displayTimeUnit: 'ms', traceEvents: [process, ...names, ...events] };
}
