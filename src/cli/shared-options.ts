// Options that several commands have.
import { type Command, Option } from 'commander';
import { HIDDEN_ACTIVATIONS } from '../core/activations.ts';
import { OPTIMIZER_NAMES, type OptimizerName, OPTIMIZERS } from '../core/optimizers.ts';
import { DATE_POLICIES, MISSING_POLICIES, TASKS, UNKNOWN_POLICIES } from '../data/encoding.ts';
import { FORMATS } from '../data/read-options.ts';
import { BACKENDS } from '../kernels/kernels.ts';
import { INITIALISATIONS } from '../nn/initialise.ts';
import { LAST_BATCHES } from '../train/options.ts';
import type { Output, OutputFlags } from './output.ts';
import { bytes, real, share, texts, whole, wholes, words } from './parse.ts';

/** Where a command writes. Modules are imported when a command runs: `--help` and what shells complete have to be there at once. */
export async function outputOf(flags: OutputFlags, command: Command): Promise<Output> {
  const [{ Output }, { inWordsOfProgram }] = await Promise.all([import('./output.ts'), import('./option-names.ts')]);
  return new Output(flags, (text) => inWordsOfProgram(text, command));
}

/** A command with what all commands have. */
export function addCommand(program: Command, name: string, about: string, examples: readonly string[]): Command {
  return program
    .command(name)
    .description(about)
    .optionsGroup('Output and config:')
    .option('--json', 'one JSON object a line on stdout')
    .option('--quiet', 'nothing but results and errors')
    .option('--config <file>', 'JSON that holds these options, in camelCase; those on the command line win')
    .option('--print-config', 'print the options as such a file, and do nothing')
    .addHelpText('after', `\nExamples:\n${examples.map((line) => `  gradpool ${name} ${line}`).join('\n')}`);
}

/** How a table is laid out. */
export function tableOptions(command: Command): Command {
  return command
    .optionsGroup('Data:')
    .addOption(new Option('--format <name>', 'of the file (default: what its name ends in)').choices(FORMATS))
    .option('--delimiter <text>', 'between the values of a text file (default: what is found there); a space: blanks')
    .option('--header', 'the first line holds names, even if they look like values')
    .option('--no-header', 'the first line holds values; columns are called c1, c2, ...')
    .option('--quote <sign>', 'around values of a text file, or none (default: ", or \' if names stand in those)')
    .option('--comment <text>', 'what lines begin with that are left out')
    .addOption(
      new Option('--decimal <sign>', 'before the fraction of numbers (default: a point; predict: as trained)').choices([
        '.',
        ',',
      ]),
    )
    .option('--thousands <sign>', 'between thousands (default: nothing; predict: as trained); a space: any space');
}

export function missingOption(): Option {
  return new Option('--missing <policy>', 'what to do about missing values').choices(MISSING_POLICIES);
}

export function unknownOption(): Option {
  return new Option(
    '--unknown <policy>',
    'categories that no training row had: an error, or as if there were none',
  ).choices(UNKNOWN_POLICIES);
}

/** What is predicted from what. */
export function columnOptions(command: Command): Command {
  return tableOptions(command)
    .option('--target <columns>', 'what is to be predicted; several with commas between', words)
    .option('--features <columns>', 'what it is predicted from (default: all other columns)', words)
    .option('--weight-column <column>', 'what the loss of each row is multiplied by')
    .option('--categorical <columns>', 'columns of numbers that are names, as postcodes are', words)
    .addOption(new Option('--task <name>', 'what the targets are (default: as they look)').choices(TASKS))
    .addOption(missingOption().default('error'))
    .option(
      '--missing-values <texts>',
      'texts that mean that a value is missing, with commas between; the word default among them: those of the default (default: empty, NA, N/A, NULL, None, -, . and such)',
      texts,
    )
    .addOption(unknownOption().default('error'))
    .addOption(
      new Option(
        '--dates <how>',
        'columns of dates: left out (default), or numbers; which of day and month is first',
      ).choices(DATE_POLICIES),
    )
    .option('--labels <file>', 'IDX labels')
    .option('--seed <number>', 'of starting weights and orders', whole(0), 0);
}

/** Which rows are kept apart. */
export function partOptions(command: Command): Command {
  return command
    .optionsGroup('Data:')
    .option('--test-data <file>', 'test on this file instead of on a share of the first')
    .option('--test-labels <file>', 'its IDX labels')
    .option('--validation-share <share>', 'of the rows, for choosing when to stop', real(0), 0.1)
    .option('--test-share <share>', 'of the rows, for judging at the end', real(0), 0.1)
    .addOption(
      new Option(
        '--split <how>',
        'divide the rows so that each part has its share of each class, where there are classes, or at random (default: stratified)',
      ).choices(SPLITS),
    )
    .option('--split-seed <number>', 'of the division of the rows (default: 0, whatever --seed is)', whole(0))
    .option('--group-column <column>', 'keep rows with the same value together: a patient, a customer; it is no input')
    .option('--time-column <column>', 'validate and test on the last rows in time; it is no input');
}

export const SPLITS = ['stratified', 'random'] as const;

export const STREAM = ['auto', 'always', 'never'] as const;

/** Where the rows of a table are. */
export function streamOptions(command: Command): Command {
  return command
    .optionsGroup('Data:')
    .option(
      '--memory-limit <size>',
      'such as 2G; a table that needs more is trained from disk (default: half of the available memory)',
      bytes,
    )
    .addOption(new Option('--stream <when>', 'train a table from disk').choices(STREAM).default('auto'))
    .option('--scratch <folder>', 'where its rows are kept meanwhile (default: the folder of the table)');
}

/** What becomes of rows that are too few for a batch. */
export function lastBatchOption(): Option {
  return new Option('--last-batch <what>', 'whether an epoch keeps a last batch that is short, or drops it')
    .choices(LAST_BATCHES)
    .default('keep');
}

export function hiddenOption(command: Command): Command {
  const about = 'units of each hidden layer, with commas between; none for no hidden layer';
  return command
    .optionsGroup('Network:')
    .option('--hidden <units>', about, wholes(1), [64])
    .option('--dropout <p>', 'the share of the outputs of the hidden layers that an update leaves out', share, 0)
    .addOption(
      new Option('--initialisation <name>', 'of the weights; auto: he for relu and leaky-relu, else glorot')
        .choices(INITIALISATIONS)
        .default('auto'),
    );
}

/** What else there is to a network. */
export function networkOptions(command: Command): Command {
  const methods = ['z-score', 'min-max', 'none'];
  return command
    .optionsGroup('Network:')
    .addOption(new Option('--activation <name>', 'of the hidden layers').choices(HIDDEN_ACTIVATIONS).default('relu'))
    .addOption(new Option('--normalize <method>', 'of numbers in a table').choices(methods).default('z-score'));
}

/** Learning rates that are tried first: of SGD with momentum one that suits small sets of data. */
export const LEARNING_RATES = Object.fromEntries(
  OPTIMIZER_NAMES.map((name) => [name, name === 'sgd' ? 0.02 : OPTIMIZERS[name].learningRate]),
) as Record<OptimizerName, number>;

/** How weights step. */
export function stepOptions(command: Command): Command {
  const rates = OPTIMIZER_NAMES.map((name) => `${LEARNING_RATES[name]} for ${name}`).join(', ');
  return command
    .optionsGroup('Training:')
    .addOption(new Option('--optimizer <name>', 'how weights step').choices(OPTIMIZER_NAMES).default('sgd'))
    .option('--learning-rate <alpha>', `of an update (default: ${rates})`, real(0))
    .option('--momentum <mu>', 'of sgd (default: 0.9)', real(0))
    .option('--nesterov', "Nesterov's momentum")
    .option('--weight-decay <lambda>', 'L2 (default: 0; that of adamw, which is its own, 0.01)', real(0));
}

export function backendOption(command: Command): Command {
  return command.addOption(
    new Option('--backend <name>', 'what does the arithmetic').choices(BACKENDS).default('auto'),
  );
}
