import { Argument, Command, CommanderError, Option } from 'commander';
import { VERSION } from '../core/version.ts';
import { STRATEGIES } from '../train/options.ts';
import { completionScript, SHELLS } from './completion.ts';
import { configSchema } from './config-schema.ts';
import type { EvaluateFlags } from './evaluate.ts';
import { EXIT, failureOf } from './failure.ts';
import { addMeasureCommands } from './measure-commands.ts';
import type { OutputFlags } from './output.ts';
import { classWeights, interval, or, whole } from './parse.ts';
import type { PredictFlags } from './predict.ts';
import {
  addCommand,
  backendOption,
  columnOptions,
  hiddenOption,
  lastBatchOption,
  missingOption,
  networkOptions,
  outputOf,
  partOptions,
  stepOptions,
  streamOptions,
  tableOptions,
  unknownOption,
} from './shared-options.ts';
import type { TrainFlags } from './train.ts';

/**
 * Runs the program.
 * @param unread - when nobody reads any more what it writes
 * @returns its exit code, see `EXIT`
 */
export async function runProgram(args: readonly string[], unread?: AbortSignal): Promise<number> {
  const interrupt = new AbortController();
  let ended: NodeJS.Signals | undefined;
  const stop = (signal: NodeJS.Signals) => {
    ended = signal;
    interrupt.abort(new Error(signal));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  process.once('SIGHUP', stop);
  unread?.addEventListener('abort', () => stop('SIGPIPE'));
  let json = args.includes('--json');
  let ran: Command | undefined;
  const gradpool = program(interrupt.signal).hook('preAction', async (_, command) => {
    ran = command;
    try {
      await prepare(command);
    } finally {
      json = command.opts<OutputFlags>().json === true;
    }
  });
  try {
    await gradpool.parseAsync(args, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    const { code, message, told } = failureOf(error, ended, ran);
    if (!told) process.stderr.write(`gradpool: ${message}\n`);
    if (code !== EXIT.done && json) process.stdout.write(`${JSON.stringify({ event: 'error', code, message })}\n`);
    return code;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    process.off('SIGHUP', stop);
  }
}

/**
 * Before a command runs: its config file is read, its arguments are looked for, and the engine is told what it may use.
 * @throws UsageError; CommanderError with exit code 0 where all was printed that was asked for
 */
async function prepare(command: Command): Promise<void> {
  if (command.options.some(({ long }) => long === '--config')) {
    const { applyConfig, effectiveConfig, requireArguments } = await import('./config-file.ts');
    await applyConfig(command);
    const { printConfig, json } = command.opts<OutputFlags & { printConfig?: boolean }>();
    if (printConfig) {
      process.stdout.write(`${JSON.stringify(effectiveConfig(command), null, json ? 0 : 2)}\n`);
      throw new CommanderError(EXIT.done, 'gradpool.config', 'printed');
    }
    requireArguments(command);
  }
  const { enableRelaxedSimd } = await import('./relaxed-simd.ts');
  enableRelaxedSimd();
}

/** The commands, their options and what they do. */
export function program(signal: AbortSignal): Command {
  const gradpool = new Command('gradpool')
    .description('Trains feedforward neural networks on all cores, and measures how fast.')
    .version(VERSION)
    .exitOverride()
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .showHelpAfterError('(see --help)')
    .addHelpText('after', `\nExamples:\n${EXAMPLES}\n\n${EXIT_CODES}`);
  addTrain(gradpool, signal);
  addUses(gradpool, signal);
  addMeasureCommands(gradpool, signal);
  addCommand(gradpool, 'info', 'what this machine has and what can be used of it', ['', '--json']).action(
    async (flags: OutputFlags, command: Command) => (await import('./info.ts')).info(await outputOf(flags, command)),
  );
  addTools(gradpool);
  return gradpool;
}

function addTrain(gradpool: Command, signal: AbortSignal): void {
  const command = addCommand(gradpool, 'train', 'train a network on a file and save it', TRAIN_EXAMPLES)
    .argument('[file]', 'a table (.csv, .tsv, .parquet, .npy, .npz; .gz too), or IDX images with --labels')
    .usage('[options] <file>')
    .option('--model <path>', 'where the trained network goes', 'model.safetensors');
  stepOptions(networkOptions(hiddenOption(streamOptions(partOptions(columnOptions(command))))))
    .option('--epochs <count>', 'at most so many', whole(1), 50)
    .option(
      '--patience <epochs>',
      'stop after so many without a lower validation loss, and keep the best weights; 0 for never',
      whole(0),
      10,
    )
    .option('--batch-size <rows>', 'a number, auto or adaptive', or(whole(1), ['auto', 'adaptive']), 32)
    .addOption(lastBatchOption())
    .addOption(
      new Option('--schedule <name>', 'of the learning rate, over all epochs')
        .choices(['constant', 'cosine', 'one-cycle'])
        .default('constant'),
    )
    .option(
      '--class-weights <weights>',
      'of the loss: a number for each class, in the order of their names, with commas between; or balanced, as if all were as frequent',
      classWeights,
    )
    .option('--workers <count>', 'threads (default: as many as are fastest)', whole(1))
    .addOption(new Option('--strategy <name>', 'how work is shared').choices(['auto', ...STRATEGIES]).default('auto'));
  backendOption(command)
    .option('--trace <file>', 'a timeline of workers and phases for chrome://tracing and Perfetto')
    .option('--tensorboard <folder>', 'write event files of the figures of each epoch, for TensorBoard')
    .option('--history <file>', 'write the report of each epoch as a line of JSON')
    .option('--checkpoint <folder>', 'save the training there as it goes on, and when it is interrupted')
    .option('--checkpoint-every <interval>', 'updates, or minutes as in 5m (default: an epoch)', interval)
    .option('--resume <folder>', 'go on from the newest checkpoint there, if there is one, and save there')
    .action(async (file: string, flags: TrainFlags & OutputFlags, command: Command) => {
      const { train } = await import('./train.ts');
      await train(file, flags, await outputOf(flags, command), signal);
    });
}

/** What a saved network is used for. */
function addUses(gradpool: Command, signal: AbortSignal): void {
  tableOptions(addCommand(gradpool, 'predict', 'predict the rows of a table', PREDICT_EXAMPLES))
    .argument('[model]', 'a network that `train` has saved')
    .usage('[options] <model> <file>')
    .argument('[file]', 'a table that has the columns it was trained on; the target may be absent')
    .option('--output <file>', 'write CSV there instead of to stdout')
    .option('--probabilities', 'of every class or label, too')
    .addOption(missingOption())
    .addOption(unknownOption())
    .action(async (model: string, file: string, flags: PredictFlags & OutputFlags, command: Command) => {
      const { predict } = await import('./predict.ts');
      await predict(model, file, flags, await outputOf(flags, command), signal);
    });

  tableOptions(addCommand(gradpool, 'evaluate', 'judge a network on a table, or on IDX files', EVALUATE_EXAMPLES))
    .argument('[model]', 'a network that `train` has saved')
    .usage('[options] <model> <file>')
    .argument('[file]', 'a table with the target, or IDX images with --labels')
    .option('--labels <file>', 'IDX labels')
    .addOption(missingOption())
    .addOption(unknownOption())
    .action(async (model: string, file: string, flags: EvaluateFlags & OutputFlags, command: Command) => {
      const { evaluate } = await import('./evaluate.ts');
      await evaluate(model, file, flags, await outputOf(flags, command), signal);
    });
}

/** What is of use around the program itself. */
function addTools(gradpool: Command): void {
  gradpool
    .command('completion')
    .description('print a script by which a shell completes commands and options')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText('after', `\nExamples:\n${COMPLETION_EXAMPLES}`)
    .action((shell: (typeof SHELLS)[number]) => {
      process.stdout.write(completionScript(gradpool, shell));
    });
  gradpool
    .command('schema')
    .description('print the JSON schema of config files')
    .addHelpText('after', '\nExamples:\n  gradpool schema > gradpool.config.schema.json')
    .action(() => {
      process.stdout.write(`${JSON.stringify(configSchema(gradpool), null, 2)}\n`);
    });
}

const EXAMPLES = [
  '  gradpool train iris.csv --target species',
  '  gradpool predict model.safetensors new.csv',
  '  gradpool curve --network 784-128-10 --output curve.json',
  '  gradpool help sweep',
].join('\n');
const EXIT_CODES = [
  'Exit codes:',
  '  0 done, 1 failed, 2 wrongly called, 129 hung up (the terminal was closed), 130 interrupted (Ctrl-C), 143 terminated; after the last three',
  '  train has saved the best weights so far (with --patience 0 the last), and a measurement has reported the rounds that were complete.',
].join('\n');
const TRAIN_EXAMPLES = [
  'iris.csv --target species',
  'houses.parquet --target price --hidden 64,64 --missing mean',
  'houses.parquet --target price --checkpoint saved --checkpoint-every 5m',
  'houses.parquet --target price --resume saved',
  'large.csv --target price --memory-limit 2G --scratch /mnt/disk',
  'train-images.gz --labels train-labels.gz --test-data t10k-images.gz --test-labels t10k-labels.gz --hidden 128',
  '--config experiment.json --epochs 5',
];
const PREDICT_EXAMPLES = [
  'model.safetensors new.csv',
  'model.safetensors new.csv --probabilities --output answers.csv',
];
const EVALUATE_EXAMPLES = ['model.safetensors kept-apart.csv'];
const COMPLETION_EXAMPLES = [
  '  source <(gradpool completion bash)',
  '  gradpool completion zsh > ~/.zfunc/_gradpool',
  '  gradpool completion fish > ~/.config/fish/completions/gradpool.fish',
].join('\n');
