import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACTIVATIONS, type NetworkSpec } from '#src/core/spec.js';
import { GradpoolError } from '#src/core/errors.js';
import { controlBytes, STATISTICS_BYTES } from '#src/memory/control.js';
import {
  type BlockPlan,
  type LayerPlan,
  type MatrixPlan,
  matrix,
  MOST_BYTES,
  place,
  type Plan,
  type PlanRequest,
  planTraining,
  scalarBytes,
  squaredBytes,
  stateOffset,
} from '#src/memory/layout.js';

interface Region {
  readonly name: string;
  readonly from: number;
  readonly bytes: number;
}

const hidden = fc.constantFrom(...ACTIVATIONS.filter((activation) => activation !== 'softmax'));
const specs: fc.Arbitrary<NetworkSpec> = fc
  .record({
    inputs: fc.integer({ min: 1, max: 70 }),
    hidden: fc.array(fc.record({ units: fc.integer({ min: 1, max: 70 }), activation: hidden }), { maxLength: 3 }),
    outputs: fc.integer({ min: 1, max: 40 }),
  })
  .map(({ inputs, hidden, outputs }) => ({
    inputs,
    layers: [...hidden, { units: outputs, activation: 'linear' as const }],
    loss: 'mse' as const,
  }));
const requests: fc.Arbitrary<PlanRequest> = fc.record({
  spec: specs,
  batchSize: fc.integer({ min: 1, max: 600 }),
  workers: fc.integer({ min: 1, max: 9 }),
  stateVectors: fc.integer({ min: 0, max: 2 }),
  norm: fc.boolean(),
  format: fc.constantFrom('panels-f32' as const, 'rows-f64' as const),
});

function matrixRegion(name: string, { offset, bytes }: MatrixPlan, base = 0): Region {
  return { name, from: base + offset, bytes };
}

function blockRegions(name: string, { rows, staging, desired, outputs, deltas }: BlockPlan): Region[] {
  return [
    { name: `${name} staging`, from: staging.offset, bytes: rows * staging.stride },
    matrixRegion(`${name} desired`, desired),
    ...outputs.map((plan, l) => matrixRegion(`${name} H_${l}`, plan)),
    ...deltas.slice(1).map((plan, l) => matrixRegion(`${name} D_${l + 1}`, plan)),
  ];
}

/** Everything that is in use at once: the training blocks, or those for evaluation, which lie over the same bytes. */
function regions(plan: Plan, block: 'train' | 'evaluate'): Region[] {
  const { slots, state, squares, workers } = plan;
  const parameters = (name: string, base: number) =>
    plan.layers.flatMap(({ weights, bias }, l) => [
      matrixRegion(`${name} W_${l + 1}`, weights, base),
      matrixRegion(`${name} b_${l + 1}`, bias, base),
    ]);
  return [
    { name: 'control', from: 0, bytes: controlBytes(workers) },
    matrixRegion('scale', plan.scale),
    matrixRegion('shift', plan.shift),
    ...Array.from({ length: slots.count }, (_, i) => parameters(`slot ${i}`, slots.offset + i * slots.bytes)).flat(),
    ...Array.from({ length: state.vectors * state.copies }, (_, i) =>
      parameters(`state ${i}`, stateOffset(plan, Math.floor(i / state.copies), i % state.copies)),
    ).flat(),
    ...(squares.count > 0 ? [{ name: 'squares', from: squares.offset, bytes: 8 * squares.count }] : []),
    { name: 'statistics', from: plan.statistics, bytes: STATISTICS_BYTES * (workers + 1) },
    ...plan.workerPlans.flatMap((worker, w) => blockRegions(`worker ${w}`, worker[block])),
  ];
}

/** The rows of weights that kernels read and write: whole panels of 8 inputs. */
function reach({ weights }: LayerPlan): number {
  return Math.ceil(weights.rows / 8) * 8 * 32;
}

describe('planTraining', () => {
  it('no two regions overlap, and all lie within the memory', () => {
    fc.assert(
      fc.property(requests, fc.constantFrom('train' as const, 'evaluate' as const), (request, block) => {
        const plan = planTraining(request);
        const sorted = regions(plan, block).sort((a, b) => a.from - b.from);
        sorted.forEach(({ name, from, bytes }, i) => {
          const next = sorted[i + 1];
          if (next && from + bytes > next.from) expect.fail(`${name} runs into ${next.name}`);
          if (from % scalarBytes(plan.format) !== 0) expect.fail(`${name} is not aligned`);
        });
        expect(sorted.at(-1)!.from + sorted.at(-1)!.bytes).toBeLessThanOrEqual(plan.bytes);
      }),
      { numRuns: 300 },
    );
  });

  it('a worker may write its evaluation over its own training only', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const { workerPlans } = planTraining(request);
        const spans = workerPlans.map(({ train, evaluate }) => {
          const all = [...blockRegions('train', train), ...blockRegions('evaluate', evaluate)];
          return { from: Math.min(...all.map(({ from }) => from)), to: Math.max(...all.map((r) => r.from + r.bytes)) };
        });
        spans.forEach(({ from }, w) => w > 0 && expect(from).toBeGreaterThanOrEqual(spans[w - 1]!.to));
        for (const { train } of workerPlans) {
          expect(train.rows).toBeLessThanOrEqual(Math.ceil(request.batchSize / request.workers));
        }
      }),
    );
  });

  it('is pure: the same request gives the same plan, which survives a structured clone', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const before = structuredClone(request);
        const plan = planTraining(request);
        expect(structuredClone(planTraining(request))).toEqual(plan);
        expect(request).toEqual(before);
      }),
    );
  });

  it('there are slots for two sets of weights and every gradient but the first, and two copies of each vector of the optimiser', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const plan = planTraining(request);
        expect(plan.slots.count).toBe(request.workers + 1);
        expect(plan.state).toMatchObject({ vectors: request.stateVectors, copies: 2 });
        expect(plan.squares.count).toBe(request.norm ? plan.slots.bytes / squaredBytes(plan.format) : 0);
        expect(plan.slots.bytes % 64).toBe(0);
        expect(plan.slots.offset % 64).toBe(0);
      }),
    );
  });

  // Weights of 1 to 4 rows (of each 8) once were given too few, and kernels ran into the next panel and layer.
  it('panels of weights have room for whole panels of inputs', () => {
    fc.assert(
      fc.property(requests, (request) => {
        for (const layer of planTraining({ ...request, format: 'panels-f32' }).layers) {
          expect(layer.weights.stride, `${layer.weights.rows} rows`).toBeGreaterThanOrEqual(reach(layer));
        }
      }),
    );
  });
});

describe('matrix and place', () => {
  it('every element has a place of its own within the matrix', () => {
    const shape = fc.record({ rows: fc.integer({ min: 1, max: 70 }), columns: fc.integer({ min: 1, max: 70 }) });
    fc.assert(
      fc.property(shape, fc.constantFrom('panels-f32' as const, 'rows-f64' as const), ({ rows, columns }, format) => {
        const plan = matrix(format, 640, rows, columns);
        const size = scalarBytes(format);
        const seen = new Set<number>();
        for (let r = 0; r < rows; r++) {
          for (let c = 0; c < plan.paddedColumns; c++) {
            const at = place(format, plan, r, c);
            if (seen.has(at) || at % size !== 0 || at < 640 || at + size > 640 + plan.bytes) {
              expect.fail(`[${r}][${c}] is at ${at}`);
            }
            seen.add(at);
          }
        }
        expect(seen.size).toBe(rows * plan.paddedColumns);
      }),
    );
  });

  it('8 columns of a row are neighbours in panels, and a row is one run in rows', () => {
    const panels = matrix('panels-f32', 0, 9, 20);
    expect(place('panels-f32', panels, 3, 13) - place('panels-f32', panels, 3, 8)).toBe(20);
    expect(place('panels-f32', panels, 4, 0) - place('panels-f32', panels, 3, 0)).toBe(32);
    const rows = matrix('rows-f64', 0, 9, 20);
    expect(place('rows-f64', rows, 2, 5)).toBe((2 * 20 + 5) * 8);
  });

  // A power of two between panels would put all of them into the same sets of a cache.
  it('panels that are long begin at an odd number of cache lines from each other', () => {
    for (let rows = 8; rows < 600; rows++) expect((matrix('panels-f32', 0, rows, 16).stride / 64) % 2).not.toBe(0);
  });
});

describe('what does not fit', () => {
  const wide = (units: number, layers = 2): NetworkSpec => ({
    inputs: units,
    layers: Array.from({ length: layers }, () => ({ units, activation: 'linear' as const })),
    loss: 'mse',
  });
  const refused = (request: PlanRequest): GradpoolError => {
    try {
      planTraining(request);
    } catch (error) {
      if (error instanceof GradpoolError) return error;
      throw error;
    }
    return expect.fail('it was not refused');
  };

  it('names the bytes that are needed and those that there are, and the remedy that makes it fit', () => {
    const request = { spec: wide(8192), batchSize: 64, workers: 12, format: 'panels-f32' as const };
    const { code, message } = refused(request);
    expect(code).toBe('ERR_DOES_NOT_FIT');
    const needed = Number(/needs (\d+) bytes/.exec(message)?.[1]);
    // 13 slots of 2 x 8192 x 8192 float32.
    expect(needed).toBeGreaterThan(13 * 2 * 8192 * 8192 * 4);
    expect(needed).toBeLessThan(1.1 * 13 * 2 * 8192 * 8192 * 4);
    expect(message).toContain(`${MOST_BYTES}`);
    expect(message).toMatch(/GiB/);
    const workers = Number(/fits with (\d+) worker/.exec(message)?.[1]);
    expect(planTraining({ ...request, workers }).bytes).toBeLessThanOrEqual(MOST_BYTES);
    expect(refused({ ...request, workers: workers + 1 }).code).toBe('ERR_DOES_NOT_FIT');
  });

  it('says so where no number of workers would fit', () => {
    const giant = { spec: wide(1 << 20), batchSize: 1, workers: 4, stateVectors: 1, format: 'rows-f64' as const };
    const { code, message } = refused(giant);
    expect(code).toBe('ERR_DOES_NOT_FIT');
    expect(message).toMatch(/even for one worker.*narrower/);
  });

  it('the most that fits is a whole WebAssembly memory', () => expect(MOST_BYTES).toBe(2 ** 32));
});
