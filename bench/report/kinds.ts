// What a report looks like once it has been through JSON: plain data from a file that anybody may have written.
import { z } from 'zod';

/** JSON has no Infinity: what never arrives, or has no bound, is null there. */
const number = z.number().nullable();
const interval = z.object({ median: number, low: number, high: number });

const environment = z.object({
  cpu: z.string(),
  cores: z.number(),
  availableCores: z.number(),
  caches: z
    .array(z.object({ level: z.number(), type: z.string(), bytes: z.number(), sharedBy: z.number().optional() }))
    .readonly(),
  quota: z.number().optional(),
  memory: z.number(),
  load: z.array(z.number()).readonly(),
  os: z.string(),
  node: z.string(),
  v8: z.string(),
  flags: z.array(z.string()).readonly(),
  simd: z.string(),
  version: z.string(),
  commit: z.string().optional(),
  time: z.string(),
});

const state = z.enum(['complete', 'partial']);
const network = z.object({
  inputs: z.number(),
  layers: z.array(z.object({ units: z.number(), activation: z.string() })).readonly(),
  parameters: z.number(),
});

/** What measurements in rounds have in common. */
const measured = { state, network, patterns: z.number(), rounds: z.number(), sampleSeconds: z.number() };
const trainer = z.object({ backend: z.string(), path: z.string(), strategy: z.string(), blockRows: z.number() });

const best = z.object({
  workers: z.number(),
  fastest: z.number(),
  batchSizes: z.array(z.number()),
  recommended: z.number(),
  tolerance: z.number(),
});
const shape = z.object({ workers: z.number(), verdict: z.string(), text: z.string() });
const quantity = z.enum(['timePerEpoch', 'timeToTarget']);

const curve = z.object({
  kind: z.literal('batch-curve'),
  version: z.literal(2),
  ...measured,
  points: z
    .array(
      z.object({
        batchSize: z.number().positive(),
        workers: z.number().positive(),
        updatesPerEpoch: z.number(),
        timePerUpdate: interval,
        timePerRow: interval,
        timePerEpoch: interval,
        samplesPerSecond: interval,
        updatesToTarget: interval.optional(),
        timeToTarget: interval.optional(),
        workingSet: z.number().positive(),
        trainer,
        samples: z.array(z.number()),
        measurements: z.array(z.number()).optional(),
      }),
    )
    .min(1),
  best: best.extend({ quantity, timePerEpoch: z.array(best), timeToTarget: z.array(best).optional() }),
  shape: z.object({ timePerEpoch: z.array(shape), timeToTarget: z.array(shape).optional() }),
  target: z
    .object({
      loss: z.number(),
      batchSizes: z.array(
        z.object({
          batchSize: z.number(),
          rule: z.string(),
          learningRate: z.number(),
          updates: z.array(z.number().nullable()),
          arrived: z.number(),
          most: z.number(),
        }),
      ),
      noiseScale: z.object({ noiseScale: z.number() }).optional(),
      predicted: z.array(z.object({ workers: z.number(), t0: z.number(), c: z.number(), batchSize: z.number() })),
    })
    .optional(),
  environment,
});

const mode = z.enum(['strong', 'weak']);
const scaling = z.object({
  kind: z.literal('scaling'),
  version: z.literal(1),
  ...measured,
  points: z
    .array(
      z.object({
        mode,
        strategy: z.string(),
        workers: z.number().positive(),
        batchSize: z.number(),
        timePerUpdate: interval,
        samplesPerSecond: interval,
        speedup: interval,
        efficiency: interval,
        karpFlatt: interval.optional(),
        phases: z.array(z.record(z.string(), z.number())),
        trainer,
        samples: z.array(z.number()),
      }),
    )
    .min(1),
  series: z.array(
    z.object({
      mode,
      strategy: z.string(),
      amdahl: z.object({ serial: interval, limit: interval }).optional(),
      usl: z.object({ alpha: interval, beta: interval, peak: interval }).optional(),
      gustafson: z.object({ serial: interval }).optional(),
      caveats: z.array(z.string()),
      predictions: z.array(z.object({ workers: z.number(), law: z.enum(['amdahl', 'usl']), speedup: interval })),
    }),
  ),
  environment,
});

const axis = z.enum(['width', 'depth']);
const capacity = z.object({
  kind: z.literal('capacity'),
  version: z.literal(1),
  state,
  quantity: z.enum(['loss', 'error rate']),
  points: z
    .array(
      z.object({
        axis,
        width: z.number(),
        depth: z.number(),
        parameters: z.number(),
        training: interval,
        validation: interval,
        test: interval,
        seconds: interval,
        epochs: interval,
        runs: z.array(
          z.object({
            seed: z.number(),
            training: number,
            validation: number,
            test: number,
            epochs: z.number(),
            seconds: z.number(),
          }),
        ),
      }),
    )
    .min(1),
  best: z.array(
    z.object({ axis, least: z.number(), asGood: z.array(z.number()), risesAgain: z.boolean(), text: z.string() }),
  ),
  sideBySide: z.object({ together: z.number(), workersEach: z.number(), why: z.string() }),
  patterns: z.object({ training: z.number(), validation: z.number(), test: z.number() }),
  environment,
});

const KINDS = { 'batch-curve': curve, scaling, capacity } as const;

export type Kind = keyof typeof KINDS;
export type Span = z.infer<typeof interval>;
export type Machine = z.infer<typeof environment>;
export type CurveData = z.infer<typeof curve>;
export type CurvePointData = CurveData['points'][number];
export type ScalingData = z.infer<typeof scaling>;
export type CapacityData = z.infer<typeof capacity>;
export interface Kinds {
  'batch-curve': CurveData;
  scaling: ScalingData;
  capacity: CapacityData;
}

/** A report as it stands in a file: with everything for the download, and what is drawn. */
export interface Loaded<K extends Kind> {
  readonly whole: unknown;
  readonly report: Kinds[K];
}

/**
 * The kind that a value says it is.
 * @throws RangeError if it is none
 */
export function kindOf(name: string, value: unknown): Kind {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
  if (typeof kind === 'string' && kind in KINDS) return kind as Kind;
  const expected = Object.keys(KINDS).map((word) => `'${word}'`);
  throw new RangeError(`"${name}" expected a report of kind ${expected.join(', ')}, got ${JSON.stringify(kind)}`);
}

/**
 * Takes a report, from memory or from a file, as JSON has it, and looks at everything that will be drawn.
 * @throws RangeError naming the first field that is wrong
 */
export function load<K extends Kind>(name: string, kind: K, value: object): Loaded<K> {
  const whole: unknown = JSON.parse(JSON.stringify(value));
  const found = KINDS[kind].safeParse(whole);
  if (found.success) return { whole, report: found.data as Kinds[K] };
  const { path, message } = found.error.issues[0]!;
  const field = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  throw new RangeError(`"${name}${field}" ${message.replace(/^Invalid input: /, '')}`);
}
