import { measureScaling, type ScalingOptions, type ScalingReport, type StrategyChoice } from '../src/index.ts';
import { makeDataset, makeNetwork, NETWORKS, type NetworkName } from './networks.ts';
import { PATTERNS } from './training.ts';

/** As they stand on the command line. */
export interface ScalingFlags {
  network: NetworkName;
  batchSize?: string;
  strategies: string;
  patterns?: string;
  quick?: boolean;
}

const QUICK: ScalingOptions = { workers: [1, 2], batchSize: 32, rounds: 2, sampleSeconds: 0.002 };

/** Strong and weak scaling of a network on synthetic patterns. */
export function benchScaling({
  network,
  batchSize,
  strategies,
  patterns,
  quick = false,
}: ScalingFlags): Promise<ScalingReport> {
  const widths = NETWORKS[network];
  const rows = quick ? 128 : Number(patterns ?? PATTERNS[network]);
  return measureScaling(makeNetwork(widths), makeDataset(widths, rows), {
    strategies: strategies.split(',') as StrategyChoice[],
    trainer: { learningRate: 0.01 },
    ...(batchSize !== undefined && { batchSize: Number(batchSize) }),
    ...(quick && QUICK),
  });
}
