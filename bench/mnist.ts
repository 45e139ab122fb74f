// The main job, `npm start`: trains a network on MNIST on all cores, then measures time against batch size.
import cliProgress from 'cli-progress';
import pc from 'picocolors';
import {
  type BatchCurveReport,
  type Dataset,
  type EpochReport,
  measureBatchCurve,
  type Network,
  Trainer,
} from '../src/index.ts';
import { curveText } from '../src/cli/curve-text.ts';
import { enableRelaxedSimd } from '../src/cli/relaxed-simd.ts';
import { loadMnist } from './mnist-data.ts';
import { makeNetwork, nameOf, NETWORKS } from './networks.ts';
import { count, duration, writeWhole } from '../src/cli/text.ts';
import { writePictures } from './report/files.ts';
import { recordTimeline } from './report/record.ts';

const TARGET = 0.975;
const MOST_EPOCHS = 15;
const terminal = process.stdout.isTTY;

/** A bar that is redrawn on a terminal; elsewhere nothing, because lines follow. */
function progressBar(format: string): cliProgress.SingleBar | undefined {
  return terminal
    ? new cliProgress.SingleBar(
        { format, hideCursor: true, clearOnComplete: true, linewrap: false },
        cliProgress.Presets.shades_classic,
      )
    : undefined;
}

/** Trains to the target accuracy on the test set, or fails. */
async function train(network: Network, data: { train: Dataset; test: Dataset }): Promise<void> {
  const trainer = await Trainer.create(network, { batchSize: 64, learningRate: 0.1, momentum: 0.5, seed: 7 });
  try {
    const { workers, backend, path, strategy, reason, bytes } = trainer.info;
    console.log(
      `${workers} workers, strategy ${strategy}, backend ${backend} (${path}: ${reason}), ${(bytes / 2 ** 20).toFixed(1)} MiB shared`,
    );
    const bar = progressBar('epoch {epoch} [{bar}] {percentage}% | loss {loss} | {rate} patterns/s');
    const onProgress =
      bar &&
      ((p: { epoch: number; updates: number; totalUpdates: number; loss: number; seconds: number }) => {
        const shown = { epoch: p.epoch, loss: p.loss.toFixed(4), rate: count((p.updates * 64) / p.seconds) };
        if (!bar.isActive) bar.start(p.totalUpdates, p.updates, shown);
        else bar.update(p.updates, shown);
      });
    let last: EpochReport | undefined;
    for await (const epoch of trainer.epochs(data.train, {
      epochs: MOST_EPOCHS,
      validation: data.test,
      onProgress,
    })) {
      bar?.stop();
      last = epoch;
      console.log(
        `epoch ${String(epoch.epoch).padStart(2)}  loss ${epoch.loss.toFixed(4)}  accuracy ${percent(epoch.accuracy)}  ` +
          `test loss ${epoch.validation!.loss.toFixed(4)}  test accuracy ${percent(epoch.validation!.accuracy)}  ` +
          `${duration(epoch.seconds)}  ${count(epoch.samplesPerSecond)} patterns/s`,
      );
      if (epoch.validation!.accuracy! >= TARGET) break;
    }
    const reached = last!.validation!.accuracy!;
    if (reached < TARGET)
      throw new Error(`test accuracy ${percent(reached)} after ${MOST_EPOCHS} epochs, expected ${percent(TARGET)}`);
    console.log(pc.bold(`test accuracy ${percent(reached)} on ${data.test.length} digits after ${last!.epoch} epochs`));
  } finally {
    await trainer.close();
  }
}

async function measure(network: Network, data: Dataset): Promise<BatchCurveReport> {
  const bar = progressBar('measuring [{bar}] {percentage}% | B = {batchSize} on {workers} | {eta_formatted} left');
  let shown = -1;
  const report = await measureBatchCurve(network, data, {
    onProgress: ({ done, total, batchSize, workers }) => {
      if (bar) {
        if (!bar.isActive) bar.start(total, done, { batchSize, workers });
        else bar.update(done, { batchSize, workers });
      } else if (Math.floor((10 * done) / total) > shown) {
        shown = Math.floor((10 * done) / total);
        console.log(`measuring: ${done} of ${total}`);
      }
    },
  });
  bar?.stop();
  return report;
}

function percent(share: number | undefined): string {
  return `${(100 * (share ?? NaN)).toFixed(2)}%`;
}

const started = performance.now();
enableRelaxedSimd();
const data = await loadMnist();
const widths = NETWORKS.A;
console.log(
  `MNIST: ${data.train.length} + ${data.test.length} digits, ${(data.train.bytes / 1e6).toFixed(1)} MB of bytes; network ${nameOf(widths)} (ReLU, softmax)`,
);
const network = makeNetwork(widths, 42);
await train(network, data);

console.log(`\nTime against batch size, on ${data.train.length} digits:`);
const report = await measure(network, data.train);
console.log(curveText(report));
await writeWhole('out/batch-curve.json', `${JSON.stringify(report, null, 2)}\n`);
const { recommended, workers } = report.best;
const timeline = await recordTimeline(network, data.train, { batchSize: recommended, workers });
const pictures = await writePictures('out/batch-curve', report, timeline);
console.log(
  `out/batch-curve.json, ${pictures.join(', ')} written; ${duration((performance.now() - started) / 1000)} in all`,
);
