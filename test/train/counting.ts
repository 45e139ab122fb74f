// A network whose weights tell how many updates they have been through.
import { Dataset, type LayerParameters, Network, Trainer, type TrainerOptions } from 'gradpool';
import { Random } from '#src/core/random.js';

const START = 8192;
export const COUNTING = { batchSize: 8, learningRate: 2 ** -7 } as const;

/**
 * Its second output is a sigmoid that is saturated at 1 and should be 0, so its bias falls by exactly the learning rate
 * in each update: all numbers on the way are exact in float32.
 */
export function countingNetwork(): Network {
  const network = new Network({
    inputs: 3,
    layers: [
      { units: 5, activation: 'tanh' },
      { units: 2, activation: 'sigmoid' },
    ],
    seed: 4,
  });
  const [hidden, output] = network.parameters as [LayerParameters, LayerParameters];
  for (let i = 0; i < 5; i++) output.weights[2 * i + 1] = 0;
  output.bias[1] = START;
  network.setParameters([hidden, output]);
  return network;
}

/** The updates that the weights of a counting network have been through. */
export function countedUpdates(network: Network): number {
  return (START - network.parameters[1]!.bias[1]!) / COUNTING.learningRate;
}

/** For the counting network; the last batch of 8 is one of 2. */
export function countingData(rows = 4002): Dataset {
  const random = new Random(22);
  const inputs = Array.from({ length: rows }, () => [random.normal(), random.normal(), random.normal()]);
  return Dataset.fromArrays({ inputs, targets: inputs.map(([a, b]) => [a! * b! > 0 ? 1 : 0, 0]) });
}

/** A counting network after so many undisturbed updates by a trainer of its own. */
export async function counted(updates: number, data: Dataset, options: TrainerOptions): Promise<Network> {
  const network = countingNetwork();
  if (updates === 0) return network;
  await using trainer = await Trainer.create(network, options);
  await trainer.fit(data, { epochs: 1e6, maxUpdates: updates });
  return network;
}
