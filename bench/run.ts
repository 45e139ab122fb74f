// `npm run bench -- NAME`: runs one benchmark, prints its table and writes its figures with the environment.
import { Command, Option } from 'commander';
import { type BackendChoice, measureBatchCurve, type TrainerOptions } from '../src/index.ts';
import { BACKENDS } from '../src/kernels/kernels.ts';
import { describeEnvironment } from '../src/lab/environment.ts';
import { STRATEGIES } from '../src/train/options.ts';
import { benchBarrier } from './barrier.ts';
import { benchCapacity } from './capacity.ts';
import { benchDescent } from './descent.ts';
import { describeForms } from './descent-text.ts';
import { curveText } from '../src/cli/curve-text.ts';
import { enableRelaxedSimd } from '../src/cli/relaxed-simd.ts';
import { scalingText } from '../src/cli/scaling-text.ts';
import { benchKernels } from './kernels.ts';
import { benchLearningRate, type LearningRateFlags } from './learning-rate.ts';
import { benchLoading } from './loading.ts';
import { loadMnist } from './mnist-data.ts';
import { makeDataset, makeNetwork, NETWORKS, type NetworkName } from './networks.ts';
import { writeWhole } from '../src/cli/text.ts';
import { pageOfFiles, writePictures } from './report/files.ts';
import { recordTimeline } from './report/record.ts';
import { benchRoundTrip } from './round-trip.ts';
import { benchScaling, type ScalingFlags } from './scaling.ts';
import { type Effort, FULL, QUICK } from './timing.ts';
import { benchAdaptive } from './adaptive.ts';
import { benchAgreement } from './agreement.ts';
import { benchCopies } from './copies.ts';
import { benchServer } from './server.ts';
import { benchStrategies } from './strategies.ts';
import { benchStreaming } from './streaming.ts';
import { benchUpdate } from './update.ts';

interface Measured {
  readonly results: unknown;
  readonly text: string;
}

const BENCHMARKS: Record<string, { about: string; run: (effort: Effort) => Promise<Measured> }> = {
  kernels: { about: 'each kernel on several shapes, as a share of the FMA peak', run: benchKernels },
  barrier: { about: 'one passing of the barrier', run: benchBarrier },
  'round-trip': { about: 'a task to each piscina thread and back', run: benchRoundTrip },
  update: { about: 'an update of the networks A, B and C: share of the peak, phases', run: benchUpdate },
  strategies: { about: 'every strategy against the default', run: benchStrategies },
  agreement: { about: "two curves against each other, and 'auto' against them", run: benchAgreement },
  adaptive: { about: 'an adaptive batch size against fixed ones: time to the same loss', run: benchAdaptive },
  loading: { about: 'importing the package, and loading a model file', run: benchLoading },
  server: { about: 'the example server under load, against one that does nothing with the rows', run: benchServer },
  streaming: { about: 'patterns from a disk against the same in memory', run: benchStreaming },
  copies: { about: 'two workers against two independent trainings', run: benchCopies },
};

const program = new Command('bench').description('Benchmarks; each prints a table and writes out/bench-NAME.json.');
for (const [name, { about, run }] of Object.entries(BENCHMARKS)) {
  program
    .command(name)
    .description(about)
    .option('--quick', 'a tiny size: only shows that it works')
    .action(async ({ quick = false }: { quick?: boolean }) => {
      const simd = enableRelaxedSimd();
      const { results, text } = await run(quick ? QUICK : FULL);
      console.log(text);
      await save(name, { simd, quick, results });
    });
}

program
  .command('batch-curve')
  .description('time per update and per epoch against batch size; with --target also the time to a target loss')
  .addOption(new Option('--network <name>', 'which network').choices(Object.keys(NETWORKS)).default('A'))
  .option('--patterns <count>', 'size of the data set: synthetic, or MNIST with --target', '8192')
  .option('--target', 'train network A to the loss on MNIST that B = 64 reaches in two epochs, 5 times for each B')
  .addOption(new Option('--backend <name>', 'what does the arithmetic').choices(BACKENDS).default('auto'))
  .option('--no-blocking', 'let whole batches go through the network, layer by layer: what cache overflow costs')
  .option('--quick', 'a tiny size: only shows that it works')
  .action(async ({ network: name, patterns, backend, blocking, target = false, quick = false }: CurveFlags) => {
    enableRelaxedSimd();
    if (target && name !== 'A') throw new RangeError(`--target expects network A, which fits MNIST, got ${name}`);
    const widths = NETWORKS[name];
    const rows = quick ? 128 : Number(patterns);
    const mnist = target ? await loadMnist() : undefined;
    const data = mnist ? mnist.train.slice(0, rows) : makeDataset(widths, rows);
    const small = { batchSizes: [16, 64], rounds: 1, sampleSeconds: 0.002 };
    const network = makeNetwork(widths);
    const trainer: TrainerOptions = {
      backend,
      ...(!blocking && { blockRows: 2 ** 31 - 1, strategy: 'owner-computes' }),
    };
    const report = await measureBatchCurve(network, data, {
      trainer,
      ...(mnist && { target: { validation: mnist.test.slice(0, 2000), ...(quick && { seeds: 1, mostEpochs: 1 }) } }),
      ...(quick && small),
    });
    console.log(curveText(report));
    await save('batch-curve', report);
    const { recommended, workers } = report.best;
    const timeline = await recordTimeline(network, data, { ...trainer, batchSize: recommended, workers });
    await draw('batch-curve', report, timeline);
  });

program
  .command('report')
  .description('one page of HTML from saved reports: batch-size curve, scaling, capacity; at most one of each')
  .argument('<files...>', 'JSON, as the other commands write it')
  .option('--trace <file>', 'a timeline, as the option trace of a trainer writes it')
  .option('--out <file>', 'where the page goes', 'out/report.html')
  .action(async (files: string[], { trace, out }: { trace?: string; out: string }) => {
    try {
      await writeWhole(out, pageOfFiles(files, trace));
    } catch (error) {
      if (error instanceof RangeError) program.error(error.message);
      throw error;
    }
    console.log(`${out} written`);
  });

program
  .command('scaling')
  .description('strong and weak scaling: speed-up on 1, 2, ... workers, the laws that fit it and what they predict')
  .addOption(new Option('--network <name>', 'which network').choices(Object.keys(NETWORKS)).default('A'))
  .option('--batch-size <rows>', 'B of strong scaling, and of weak scaling on the most workers (default 256)')
  .option('--strategies <names>', `each a series, with commas between: auto, ${STRATEGIES.join(', ')}`, 'auto')
  .option('--patterns <count>', 'size of the synthetic data set (default 8192; for C 65536)')
  .option('--quick', 'a tiny size: only shows that it works')
  .action(async (flags: ScalingFlags) => {
    enableRelaxedSimd();
    const report = await benchScaling(flags);
    console.log(scalingText(report));
    await save('scaling', report);
    await draw('scaling', report);
  });

program
  .command('learning-rate')
  .description('what findLearningRate suggests, beside the best of a grid of rates: accuracy, or R2, on test rows')
  .option(
    '--tables <folder>',
    'NAME-SPLIT-train.csv and -test.csv, the target last (default: examples/data, three splits each)',
  )
  .option('--epochs <count>', 'of a training', '50')
  .option('--quick', 'a tiny size: only shows that it works')
  .action(async (flags: LearningRateFlags) => {
    const { results, text } = await benchLearningRate(flags);
    console.log(text);
    await save('learning-rate', { ...flags, results });
  });

program
  .command('capacity')
  .description('training, validation and test error against width and depth, on few and noisy patterns')
  .option('--quick', 'a tiny size: only shows that it works')
  .action(async ({ quick = false }: { quick?: boolean }) => {
    enableRelaxedSimd();
    const { report, sigmoid, text } = await benchCapacity(quick);
    console.log(text);
    await save('capacity', { quick, ...report, sigmoid });
    await draw('capacity', report);
  });

program
  .command('descent')
  .description('stochastic, mini-batch and batch gradient descent side by side: time, noise of the gradient, memory')
  .option('--quick', 'a tiny size: only shows that it works')
  .action(async ({ quick = false }: { quick?: boolean }) => {
    enableRelaxedSimd();
    const results = await benchDescent(quick);
    console.log(results.map(describeForms).join('\n\n'));
    await save('descent', { quick, results });
  });

interface CurveFlags {
  network: NetworkName;
  patterns: string;
  backend: BackendChoice;
  blocking: boolean;
  target?: boolean;
  quick?: boolean;
}

async function save(name: string, report: object): Promise<void> {
  await writeWhole(
    `out/bench-${name}.json`,
    `${JSON.stringify({ benchmark: name, environment: describeEnvironment(), ...report }, null, 2)}\n`,
  );
  console.log(`out/bench-${name}.json written`);
}

async function draw(name: string, report: object, timeline?: object): Promise<void> {
  const pictures = await writePictures(`out/bench-${name}`, report, timeline);
  console.log(`${pictures.join(', ')} written`);
}

await program.parseAsync();
