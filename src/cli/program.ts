import { Command, Option } from 'commander';
import { ACTIVATIONS } from '../core/spec.ts';
import { VERSION } from '../core/version.ts';
import { MISSING_POLICIES, TASKS } from '../data/encoding.ts';
import { FORMATS } from '../data/read-options.ts';
import { BACKENDS } from '../kernels/kernels.ts';
import { STRATEGIES } from '../train/options.ts';
import { evaluate, type EvaluateFlags } from './evaluate.ts';
import { EXIT, failureOf } from './failure.ts';
import { info } from './info.ts';
import { Output } from './output.ts';
import { batchSize, bytes, real, whole, wholes, words } from './parse.ts';
import { predict, type PredictFlags } from './predict.ts';
import { enableRelaxedSimd } from './relaxed-simd.ts';
import { STREAM } from './stream-data.ts';
import { train, type TrainFlags } from './train.ts';

interface OutputFlags {
  json?: boolean;
  quiet?: boolean;
}

/** Runs the program. @returns its exit code: 0 done, 1 failed, 2 wrongly called, 130 interrupted */
export async function runProgram(args: readonly string[]): Promise<number> {
  enableRelaxedSimd();
  const interrupt = new AbortController();
  const stop = () => interrupt.abort(new Error('interrupted'));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  // Whoever reads has seen enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed),
  );
  try {
    await program(interrupt.signal).parseAsync(args, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    const { code, message, told } = failureOf(error);
    const shown = code === EXIT.interrupted ? 'interrupted' : message;
    if (!told) process.stderr.write(`gradpool: ${shown}\n`);
    if (code !== EXIT.done && args.includes('--json'))
      process.stdout.write(`${JSON.stringify({ event: 'error', code, message: shown })}\n`);
    return code;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

/** The commands, their options and what they do. */
function program(signal: AbortSignal): Command {
  const gradpool = new Command('gradpool')
    .description('Trains feedforward neural networks on all cores, and measures how fast.')
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError('(see --help)');
  const command = (name: string, about: string, examples: string) =>
    gradpool
      .command(name)
      .description(about)
      .option('--json', 'one JSON object a line on stdout')
      .option('--quiet', 'nothing but results and errors')
      .addHelpText('after', `\nExamples:\n${examples}`);

  dataOptions(command('train', 'train a network on a file and save it', TRAIN_EXAMPLES))
    .argument('<file>', 'a table (.csv, .tsv, .parquet, .npy, .npz; .gz too), or IDX images with --labels')
    .option('--model <path>', 'where the trained network goes', 'model.safetensors')
    .option(
      '--hidden <units>',
      'units of each hidden layer, with commas between; none for no hidden layer',
      wholes(1),
      [64],
    )
    .addOption(
      new Option('--activation <name>', 'of the hidden layers')
        .choices(ACTIVATIONS.filter((name) => name !== 'softmax'))
        .default('relu'),
    )
    .addOption(
      new Option('--normalize <method>', 'of numbers in a table')
        .choices(['z-score', 'min-max', 'none'])
        .default('z-score'),
    )
    .option('--epochs <count>', 'at most so many', whole(1), 50)
    .option(
      '--patience <epochs>',
      'stop after so many without a lower validation loss, and keep the best weights; 0 for never',
      whole(0),
      10,
    )
    .option('--batch-size <rows>', 'a number, auto or adaptive', batchSize, 32)
    .addOption(
      new Option('--optimizer <name>', 'how weights step').choices(['sgd', 'rmsprop', 'adam', 'adamw']).default('sgd'),
    )
    .option('--learning-rate <alpha>', '(default: 0.02 for sgd, 0.01 for rmsprop, 0.001 for adam and adamw)', real(0))
    .option('--momentum <mu>', 'of sgd (default: 0.9)', real(0))
    .addOption(
      new Option('--schedule <name>', 'of the learning rate, over all epochs')
        .choices(['constant', 'cosine', 'one-cycle'])
        .default('constant'),
    )
    .option('--nesterov', "Nesterov's momentum")
    .option('--weight-decay <lambda>', 'L2', real(0), 0)
    .option('--workers <count>', 'threads (default: as many as are fastest)', whole(1))
    .addOption(new Option('--strategy <name>', 'how work is shared').choices(['auto', ...STRATEGIES]).default('auto'))
    .addOption(new Option('--backend <name>', 'what does the arithmetic').choices(BACKENDS).default('auto'))
    .option('--trace <file>', 'a timeline of workers and phases for chrome://tracing and Perfetto')
    .action((file: string, flags: TrainFlags & OutputFlags) => train(file, flags, new Output(flags), signal));

  tableOptions(command('predict', 'predict the rows of a table', PREDICT_EXAMPLES))
    .argument('<model>', 'a network that `train` has saved')
    .argument('<file>', 'a table that has the columns it was trained on; the target may be absent')
    .option('--output <file>', 'write CSV there instead of to stdout')
    .option('--probabilities', 'of every class, too')
    .action((model: string, file: string, flags: PredictFlags & OutputFlags) =>
      predict(model, file, flags, new Output(flags), signal),
    );

  tableOptions(command('evaluate', 'judge a network on a table, or on IDX files', EVALUATE_EXAMPLES))
    .argument('<model>', 'a network that `train` has saved')
    .argument('<file>', 'a table with the target, or IDX images with --labels')
    .option('--labels <file>', 'IDX labels')
    .action((model: string, file: string, flags: EvaluateFlags & OutputFlags) =>
      evaluate(model, file, flags, new Output(flags), signal),
    );

  command('info', 'what this machine has and what can be used of it', '  gradpool info\n  gradpool info --json').action(
    (flags: OutputFlags) => info(new Output(flags)),
  );
  return gradpool;
}

function tableOptions(command: Command): Command {
  return command
    .addOption(new Option('--format <name>', 'of the file (default: what its name ends in)').choices(FORMATS))
    .option('--delimiter <text>', 'between the values of a text file (default: a comma, or a tab in .tsv)')
    .option('--no-header', 'the first line holds values; columns are called c1, c2, ...');
}

function dataOptions(command: Command): Command {
  return tableOptions(command)
    .option('--target <columns>', 'what is to be predicted; several with commas between', words)
    .option('--features <columns>', 'what it is predicted from (default: all other columns)', words)
    .option('--categorical <columns>', 'columns of numbers that are names, as postcodes are', words)
    .addOption(new Option('--task <name>', 'what the targets are (default: as they look)').choices(TASKS))
    .addOption(
      new Option('--missing <policy>', 'what to do about missing values').choices(MISSING_POLICIES).default('error'),
    )
    .option('--missing-values <texts>', 'texts that mean that a value is missing', words)
    .option('--labels <file>', 'IDX labels')
    .option('--test-data <file>', 'test on this file instead of on a share of the first')
    .option('--test-labels <file>', 'its IDX labels')
    .option('--validation-share <share>', 'of the rows, for choosing when to stop', real(0), 0.1)
    .option('--test-share <share>', 'of the rows, for judging at the end', real(0), 0.1)
    .option(
      '--memory-limit <size>',
      'a table that needs more is trained from disk (default: half of the available memory)',
      bytes,
    )
    .addOption(new Option('--stream <when>', 'train a table from disk').choices(STREAM).default('auto'))
    .option('--scratch <folder>', 'where its rows are kept meanwhile (default: the folder of the table)')
    .option('--seed <number>', 'of starting weights, orders and splits', whole(0), 0);
}

const TRAIN_EXAMPLES = [
  '  gradpool train iris.csv --target species',
  '  gradpool train large.csv --target price --memory-limit 2G --scratch /mnt/disk',
  '  gradpool train houses.parquet --target price --hidden 64,64 --missing mean',
  '  gradpool train train-images.gz --labels train-labels.gz --test-data t10k-images.gz --test-labels t10k-labels.gz --hidden 128',
].join('\n');
const PREDICT_EXAMPLES = [
  '  gradpool predict model.safetensors new.csv',
  '  gradpool predict model.safetensors new.csv --probabilities --output answers.csv',
].join('\n');
const EVALUATE_EXAMPLES = '  gradpool evaluate model.safetensors kept-apart.csv';
