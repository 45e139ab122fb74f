import { type Command, Option } from 'commander';
import { STRATEGIES } from '../train/options.ts';
import { RATE_RULES } from '../train/rate-rule.ts';
import type { CurveFlags } from './curve.ts';
import { UsageError } from './failure.ts';
import { TABLE_FLAGS } from './layout-flags.ts';
import type { OutputFlags } from './output.ts';
import { or, real, shape, share, whole, wholes, wordsOf } from './parse.ts';
import type { ScalingFlags } from './scaling.ts';
import {
  addCommand,
  backendOption,
  columnOptions,
  hiddenOption,
  lastBatchOption,
  networkOptions,
  outputOf,
  partOptions,
  stepOptions,
} from './shared-options.ts';
import type { SweepFlags } from './sweep.ts';

const CHOICES = ['auto', ...STRATEGIES] as const;
const MODES = ['strong', 'weak'] as const;

/** The commands that measure: `curve`, `scaling` and `sweep`. */
export function addMeasureCommands(program: Command, signal: AbortSignal): void {
  addCurve(program, signal);
  addScaling(program, signal);
  addSweep(program, signal);
}

function addCurve(program: Command, signal: AbortSignal): void {
  const command = measured(addCommand(program, 'curve', 'measure time against batch size', CURVE_EXAMPLES));
  rounds(hiddenOption(command).optionsGroup('Measurement:'))
    .option('--batch-sizes <rows>', 'with commas between (default: 16, 32, ..., 4096)', wholes(1, 1))
    .option('--workers <counts>', 'numbers of threads (default: 1 and all cores)', wholes(1, 1))
    .addOption(new Option('--strategy <name>', 'how work is shared').choices(CHOICES).default('auto'))
    .option('--level <probability>', 'of seeing an arm of the curve that is not there', share, 0.05)
    .option('--tolerance <share>', 'by which a batch size may be slower and still count as good', real(0), 0.05)
    .option(
      '--target-loss <loss>',
      'also measure the time to it; auto: what the reference batch size reaches in two epochs',
      or(real(0), ['auto']),
    )
    .option('--starts <count>', 'trainings to the target of each batch size', whole(1), 5)
    .option('--most-epochs <count>', 'after which a training to the target is given up', whole(1), 20)
    .option('--rules <names>', 'how the learning rate follows the batch size', wordsOf(RATE_RULES), ['linear', 'sqrt'])
    .option('--reference-batch-size <rows>', 'to which --learning-rate belongs', whole(1), 64)
    .option('--validation-share <share>', 'of the rows, for the loss; 0: it is that of the others', share, 0)
    .action(async (file: string | undefined, flags: CurveFlags & OutputFlags, command: Command) => {
      const { curve } = await import('./curve.ts');
      await curve(file, flags, await outputOf(flags, command), signal);
    });
}

function addScaling(program: Command, signal: AbortSignal): void {
  const command = measured(addCommand(program, 'scaling', 'measure time against workers', SCALING_EXAMPLES));
  rounds(hiddenOption(command).optionsGroup('Measurement:'))
    .option('--workers <counts>', 'numbers of threads (default: 1, 2, ..., all cores)', wholes(1, 1))
    .option('--strategies <names>', `each a series: ${CHOICES.join(', ')}`, wordsOf(CHOICES), ['auto'])
    .option('--modes <names>', 'strong: the batch stays; weak: the rows of a worker stay', wordsOf(MODES), [...MODES])
    .option('--batch-size <rows>', 'of strong scaling (default: 256)', whole(1))
    .option('--rows-per-worker <rows>', 'of weak scaling (default: on most workers the same batch)', whole(1))
    .option(
      '--predict <counts>',
      'workers that the laws are asked for (default: 2, 4, 8 times the cores)',
      wholes(1, 1),
    )
    .action(async (file: string | undefined, flags: ScalingFlags & OutputFlags, command: Command) => {
      const { scaling } = await import('./scaling.ts');
      await scaling(file, flags, await outputOf(flags, command), signal);
    });
}

function addSweep(program: Command, signal: AbortSignal): void {
  const command = addCommand(program, 'sweep', 'measure test error against width and depth', SWEEP_EXAMPLES);
  partOptions(measured(command))
    .optionsGroup('Measurement:')
    .option('--widths <units>', 'with commas between, or none (default: 1, 2, 4, ..., 256)', wholes(1))
    .option('--depth <layers>', 'hidden layers of each width', whole(1), 1)
    .option('--depths <layers>', 'with commas between, or none (default: 0, 1, ..., 6)', wholes(0))
    .option('--width <units>', 'units of each hidden layer of each depth', whole(1), 16)
    .option('--epochs <count>', 'of a training', whole(1), 100)
    .option('--patience <epochs>', 'stop after so many without a lower validation error; 0 for never', whole(0), 0)
    .option('--repeats <count>', 'trainings of each size', whole(1), 5)
    .option('--tolerance <share>', 'by which the test error may be larger and still count as good', real(0), 0.05)
    .option('--batch-size <rows>', 'of an update (default: 64)', whole(1))
    .addOption(lastBatchOption())
    .addOption(
      new Option('--side-by-side <choice>', 'several trainings at once, on one worker each; auto: where that is faster')
        .choices(['auto', 'yes', 'no'])
        .default('auto'),
    )
    .action(async (file: string | undefined, flags: SweepFlags & OutputFlags, command: Command) => {
      const { sweep } = await import('./sweep.ts');
      await sweep(file, flags, await outputOf(flags, command), signal);
    });
}

/** Made-up patterns leave no choice of what is in a file. */
const OF_FILES: readonly string[] = [
  'hidden',
  'labels',
  'testData',
  'testLabels',
  'split',
  'splitSeed',
  ...TABLE_FLAGS,
];

/** @throws UsageError: an option of made-up patterns and one of files */
function checkKind(command: Command): void {
  const given = (key: string) => ['cli', 'config'].includes(command.getOptionValueSource(key) ?? '');
  const others = given('network') ? OF_FILES : ['patterns', 'noise'];
  const wrong = command.options.find(
    (option) =>
      others.includes(option.attributeName()) &&
      given(option.attributeName()) &&
      // --header and --no-header have one value.
      (option.attributeName() !== 'header' || option.negate !== command.getOptionValue('header')),
  );
  if (wrong) throw new UsageError(`${given('network') ? '--network' : 'a file'} expected no ${wrong.long!}`);
}

/** The data, the network, the steps, and where the report goes. */
function measured(command: Command): Command {
  command
    .hook('preAction', checkKind)
    .argument('[file]', 'a table (.csv, .tsv, .parquet, .npy, .npz; .gz too), or IDX images with --labels');
  columnOptions(command)
    .option('--network <units>', 'no file: patterns made up for a network of this shape, as 784-128-10', shape)
    .option('--patterns <count>', 'so many are made up to train with', whole(1), 4096)
    .option('--noise <share>', 'of made-up values, or of made-up classes that are wrong', share, 0.1);
  return backendOption(stepOptions(networkOptions(command))).option(
    '--output <file>',
    'write the report there, as JSON',
  );
}

function rounds(command: Command): Command {
  return command
    .option('--rounds <count>', 'how often each point is measured', whole(1), 5)
    .option('--sample-seconds <seconds>', 'the least time of one measurement', real(0), 0.2);
}

const CURVE_EXAMPLES = [
  '--network 784-128-10 --patterns 8192',
  'iris.csv --target species --batch-sizes 8,16,32,64 --output curve.json',
  'houses.parquet --target price --missing mean --target-loss auto --validation-share 0.2',
];
const SCALING_EXAMPLES = [
  '--network 784-128-10 --strategies owner-computes,data-parallel --batch-size 512',
  'iris.csv --target species --workers 1,2,4 --modes strong --json',
];
const SWEEP_EXAMPLES = [
  'houses.csv --target price --widths 1,4,16,64 --depths none --repeats 9',
  '--network 10-8-1 --patterns 400 --noise 0.3 --epochs 300 --output sweep.json',
];
