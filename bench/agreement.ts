import { type BatchCurveReport, measureBatchCurve, Trainer } from '../src/index.ts';
import { makeDataset, makeNetwork, nameOf, NETWORKS } from './networks.ts';
import { table } from '../src/cli/text.ts';
import { type Interval, median } from '../src/lab/statistics.ts';
import { type Effort, FULL } from './timing.ts';

/** The three networks that everything is compared on, and two more. */
const SHAPES: readonly (readonly number[])[] = [...Object.values(NETWORKS), [100, 300, 100, 5], [13, 64, 64, 64, 3]];
const PATTERNS = 8192;
const CHOICES = 3;

/** Two curves of each network against each other, and `batchSize: 'auto'` against the fastest batch size of both. */
export async function benchAgreement(effort: Effort): Promise<{ results: unknown; text: string }> {
  const results = [];
  for (const widths of effort === FULL ? SHAPES : SHAPES.slice(-1)) results.push(await compare(widths, effort));
  const text = [
    table(
      ['network', 'recommended', 'fastest', 'drift', 'minima overlap', 'auto', 'time per epoch to the best', 'seconds'],
      results.map(({ network, curves, drift, overlap, auto }) => [
        network,
        curves.map(({ best }) => best.recommended).join(' and '),
        curves.map(({ best }) => best.fastest).join(' and '),
        drift.toFixed(2),
        Object.values(overlap)
          .map((does) => (does ? 'yes' : 'no'))
          .join(', '),
        auto.map(({ batchSize }) => batchSize).join(', '),
        auto.map(({ ratio }) => ratio.toFixed(2)).join(', '),
        auto.map(({ seconds }) => seconds.toFixed(1)).join(', '),
      ]),
    ),
    'Recommended: of two runs of the curve. Drift: how much slower the machine was in the second, the median over its points. Minima: whether the intervals',
    'of the least time per epoch overlap, as measured, and without the drift; whether the sets of best batch sizes do. Auto: chosen three times; the time per',
    'epoch with that batch size in the first curve, over the least of that curve; seconds until the trainer was there.',
  ].join('\n');
  return { results, text };
}

async function compare(widths: readonly number[], effort: Effort) {
  const data = makeDataset(widths, effort === FULL ? PATTERNS : 256);
  const quick = { batchSizes: [16, 64], rounds: 1, sampleSeconds: 0.002 };
  const curves: BatchCurveReport[] = [];
  for (let run = 0; run < 2; run++) {
    const options = { seed: run, ...(effort !== FULL && quick) };
    curves.push(await measureBatchCurve(makeNetwork(widths), data, options));
  }
  const [first, second] = curves as [BatchCurveReport, BatchCurveReport];
  const minima = curves.map(minimum) as [Interval, Interval];
  const drift = driftOf(first, second);
  const overlap = {
    asMeasured: doOverlap(...minima, 1),
    withoutDrift: doOverlap(...minima, drift),
    ofBatchSizes: first.best.batchSizes.some((size) => second.best.batchSizes.includes(size)),
  };
  const auto = [];
  for (let i = 0; i < (effort === FULL ? CHOICES : 1); i++) {
    const begun = performance.now();
    const trainer = await Trainer.create(makeNetwork(widths), { batchSize: 'auto' });
    const seconds = (performance.now() - begun) / 1000;
    const { batchSize } = trainer.info;
    await trainer.close();
    auto.push({ batchSize, seconds, ratio: timeOf(first, batchSize) / minima[0].median });
  }
  return { network: nameOf(widths), drift, overlap, auto, curves };
}

/** The least time per epoch. */
function minimum({ points }: BatchCurveReport) {
  return points.map((p) => p.timePerEpoch).reduce((a, b) => (b.median < a.median ? b : a));
}

/** The time of a point in the second curve over that in the first, on as many workers as were best. */
function driftOf(first: BatchCurveReport, second: BatchCurveReport): number {
  const ratios = first.points.map((point, i) => second.points[i]!.timePerEpoch.median / point.timePerEpoch.median);
  return median(ratios.filter((_, i) => first.points[i]!.workers === first.best.workers));
}

function doOverlap(a: Interval, b: Interval, drift: number): boolean {
  return a.low <= b.high / drift && b.low / drift <= a.high;
}

/** The time per epoch with a batch size, on the number of workers that is faster: the trainer finds it out, too. */
function timeOf({ points }: BatchCurveReport, batchSize: number): number {
  const largest = Math.max(...points.map((p) => p.batchSize));
  const own = points.filter((p) => p.batchSize === Math.min(batchSize, largest));
  return Math.min(...own.map((p) => p.timePerEpoch.median));
}
