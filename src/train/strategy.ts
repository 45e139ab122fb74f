import { type NetworkSpec, parameterCount, rowBytes } from '../core/spec.ts';
import type { Strategy, StrategyChoice } from './options.ts';

/** Partial gradients of so many bytes in all their layers stay in the first cache while they are summed. */
const SMALL_GRADIENT = 65_536;
/** Rows that make a partial gradient worth its sum. */
const SHARD_ROWS = 128;
/** Small gradients are divided whatever the machine: into shards of `SHARD_ROWS` up to so many, ... */
const SHORT_SHARDS = 4;
/** ... into more of them where each has so many rows, with which the products of small matrices are a tenth faster, ... */
const LONG_SHARD_ROWS = 256;
/** ... and into no more than this. */
const MOST_SHARDS = 16;
/** Large ones pay off from so many bytes of activations and deltas on, for each byte of all the partial gradients. */
const WORTH = 0.65;
/** All partial gradients together may take so many bytes. */
const MOST_BYTES = 2 ** 29;

/** A strategy, and into how many partial gradients a batch is divided if that is not up to the workers. */
export interface StrategyDecision {
  readonly strategy: Strategy;
  readonly shards: number | undefined;
  /** On a machine with another number of cores it may be another. */
  readonly ofCores: boolean;
  readonly why: string;
}

/**
 * Which strategy `auto` is: what has to go from core to core decides. In owner-computes every worker reads what the others
 * wrote for all rows of a batch, and meets them twice for each wave of it; in data-parallel it reads their gradients, once a
 * batch. So large batches exchange gradients: small ones in shards that depend on network and batch alone, large ones
 * in one for each core of the machine. The number of workers has no say: the bits must not depend on it.
 */
export function chooseStrategy(
  choice: StrategyChoice,
  spec: NetworkSpec,
  batchSize: number,
  cores: number,
): StrategyDecision {
  if (choice !== 'auto') return { strategy: choice, shards: undefined, ofCores: false, why: 'it was asked for' };
  const gradient = 4 * parameterCount(spec);
  const small = gradient <= SMALL_GRADIENT;
  const shards = small ? shardsOf(batchSize) : cores;
  const worth =
    small ||
    (batchSize >= SHARD_ROWS * shards &&
      batchSize * rowBytes(spec) >= WORTH * shards * gradient &&
      shards * gradient <= MOST_BYTES);
  const ofCores = !small;
  if (shards < 2 || !worth)
    return { strategy: 'owner-computes', shards: undefined, ofCores, why: 'no gradients to exchange' };
  const why = `${shards} gradients of ${(gradient / 1024).toFixed(1)} KiB are less to exchange than the rows of ${batchSize} patterns`;
  return { strategy: 'data-parallel', shards, ofCores, why };
}

/** Into how many partial gradients a batch of a small network is divided. */
function shardsOf(batchSize: number): number {
  const short = Math.min(SHORT_SHARDS, Math.floor(batchSize / SHARD_ROWS));
  return Math.min(MOST_SHARDS, Math.max(short, Math.floor(batchSize / LONG_SHARD_ROWS)));
}
