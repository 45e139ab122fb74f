// Trainings that PyTorch computed, repeated by the trainer on every strategy, backend and number of workers.
import { Dataset, Network, Trainer, type TrainerOptions } from 'gradpool';
import { describe, expect, it } from 'vitest';
import { expectClose, flatten } from '../close.ts';
import { batches, flatLayers, GOLDEN, type Golden } from '../golden.ts';
import { RUNNING, withTwin } from '../twins.ts';
import { BACKENDS, STRATEGIES } from './problem.ts';

const WORKERS = [1, 2, 3];
const CASES = STRATEGIES.flatMap((strategy) => WORKERS.map((workers) => ({ strategy, workers })));

interface Outcome {
  readonly losses: number[];
  readonly parameters: Float64Array;
  readonly info: Trainer['info'];
}

async function train(golden: Golden, options: TrainerOptions): Promise<Outcome> {
  const network = new Network(golden.spec);
  network.setParameters(golden.params);
  const { batchSize, learningRate, momentum, nesterov, weightDecay } = golden;
  await using trainer = await Trainer.create(network, {
    ...{ batchSize, learningRate, momentum, nesterov, weightDecay },
    shuffle: false,
    ...options,
  });
  const data = Dataset.fromArrays({ inputs: golden.x, targets: golden.d });
  const history = await trainer.fit(data, { epochs: golden.steps, maxUpdates: golden.steps });
  const losses = history.map(({ loss }) => loss);
  return { losses, parameters: flatten(network.parameters), info: trainer.info };
}

/** The mean over the rows of each epoch, from the mean losses of its batches. */
function epochLosses(golden: Golden): number[] {
  const sums: { loss: number; rows: number }[] = [];
  batches(golden).forEach(({ from, to }, step) => {
    if (from === 0) sums.push({ loss: 0, rows: 0 });
    sums.at(-1)!.loss += golden.after.losses[step]! * (to - from);
    sums.at(-1)!.rows += to - from;
  });
  return sums.map(({ loss, rows }) => loss / rows);
}

describe.each(CASES)('$strategy, $workers workers', ({ strategy, workers }) => {
  // Of one worker and of three, one golden training with a short last batch and one with momentum.
  const some = GOLDEN.filter(({ name }) => workers === 2 || ['softmax-relu-relu', 'momentum-decay'].includes(name));
  it.each(some)('reference: $name', async (golden) => {
    const { info, losses, parameters } = await train(golden, { strategy, workers, backend: 'reference' });
    expect(info).toMatchObject({ backend: 'reference', path: 'float64', execution: 'threads', strategy, workers });
    expectClose('losses', losses, epochLosses(golden), { relative: 1e-9 });
    const expected = flatten(flatLayers(golden.after.params));
    expectClose('parameters, as float32', parameters, expected, { relative: 1e-6, floor: 1e-3 });
  });

  const blas = BACKENDS.filter((backend) => backend === 'blas');
  describe.each(blas)('%s', (backend) => {
    it.each(some)('$name', async (golden) => {
      const { info, losses, parameters } = await train(golden, { strategy, workers, backend });
      expect(info).toMatchObject({ backend, path: 'sgemm', execution: 'threads', strategy, workers });
      expectClose('losses', losses, epochLosses(golden), { relative: 1e-4 });
      const expected = flatten(flatLayers(golden.after.params));
      expectClose('parameters', parameters, expected, { relative: 1e-4, floor: 0.01 });
    });
  });

  // The plain twin differs in its arithmetic only, which the strategies do not see.
  const twins = RUNNING.filter((twin) => twin === RUNNING.at(-1) || (workers === 2 && strategy === 'data-parallel'));
  describe.each(twins)('%s', (twin) => {
    it.each(some)('$name', async (golden) => {
      const outcome = await withTwin(twin, () => train(golden, { strategy, workers, backend: 'wasm' }));
      expect(outcome.info).toMatchObject({ backend: 'wasm', path: twin, execution: 'threads', strategy, workers });
      expectClose('losses', outcome.losses, epochLosses(golden), { relative: 1e-4 });
      const expected = flatten(flatLayers(golden.after.params));
      expectClose('parameters', outcome.parameters, expected, { relative: 1e-4, floor: 0.01 });
    });
  });
});
