// What the library says of an option, as whoever wrote it on the command line or in a config file has to read it.
import { expect, describe, it, test } from 'vitest';
import type { Command } from 'commander';
import { configurable } from '#src/cli/config-schema.js';
import { inWordsOfProgram } from '#src/cli/option-names.js';
import { program } from '#src/cli/program.js';

const commands = () => configurable(program(new AbortController().signal));
const command = (name: string): Command => commands().find((one) => one.name() === name)!;
const said = (message: string, name = 'train') => inWordsOfProgram(message, command(name));

/** Where --x and --no-x are one option, it is called --x. */
const called = (one: Command) =>
  one.options.filter(({ long }) => !long!.startsWith('--no-') || !has(one, long!.slice(5)));
const has = (one: Command, name: string) => one.options.some(({ long }) => long === `--${name}`);

test.each(commands().flatMap((one) => called(one).map((option) => [one.name(), option.attributeName(), option.long!])))(
  '%s: "%s" is %s',
  (name, key, flag) => {
    expect(said(`"${key}" expected a number, got "x"`, name)).toBe(`${flag} expected a number, got "x"`);
    const one = command(name);
    one.setOptionValueWithSource('config', 'my.json', 'cli');
    one.setOptionValueWithSource(key, 'x', 'config');
    if (key !== 'config')
      expect(inWordsOfProgram(`"${key}" expected a number`, one)).toBe(`"${key}" in my.json expected a number`);
  },
);

describe('a message', () => {
  it.each([
    [
      'train',
      'an adaptive "batchSize" expected a synchronous "strategy", got hogwild',
      'an adaptive --batch-size expected a synchronous --strategy, got hogwild',
    ],
    [
      'train',
      '"checkpoint.everyUpdates" expected integer of at least 1, got 0',
      '--checkpoint-every expected integer of at least 1, got 0',
    ],
    ['train', '"layers[0].dropout" expected number in [0, 1), got 2', '--dropout expected number in [0, 1), got 2'],
    ['train', '"weights" expected a column', '--weight-column expected a column'],
    ['train', '8 bytes do not fit: name another "folder"', '8 bytes do not fit: name another --scratch'],
    ['train', 'names that are not in "target" or "features" too', 'names that are not in --target or --features too'],
    [
      'train',
      'a.csv, line 3, column "x": "N/A" is no number: correct it, or list it in "missingValues"',
      'a.csv, line 3, column "x": "N/A" is no number: correct it, or list it in --missing-values',
    ],
    ['train', 'leave it out with "features" (--features in the program)', 'leave it out with --features'],
    [
      'train',
      'has dates; "dates" reads them as numbers (--dates number in the program)',
      'has dates; --dates number reads them as numbers',
    ],
    [
      'train',
      'column "x": list them in "missingValues" (--missing-values default,... in the program); if they are names, list the column in "categorical" (--categorical in the program)',
      'column "x": list them in --missing-values default,...; if they are names, list the column in --categorical',
    ],
    [
      'train',
      'name those that belong together with "columns" or "features" (--features in the program)',
      'name those that belong together with --features',
    ],
    [
      'train',
      'leave the part out (--validation-share 0, --test-share 0 in the program)',
      'leave the part out (--validation-share 0, --test-share 0)',
    ],
    [
      'train',
      'line 1: expected names, got 1, 2; for values say "header": false (--no-header in the program), for names "header": true (--header in the program)',
      'line 1: expected names, got 1, 2; for values say --no-header, for names --header',
    ],
    ['train', 'say "quote": false (--quote none in the program)', 'say --quote none'],
    [
      'train',
      'said with "decimal" (--decimal in the program) and "thousands" (--thousands in the program)',
      'said with --decimal and --thousands',
    ],
    [
      'train',
      '"momentum" expected "optimizer" sgd beside it, got optimizer adam',
      '--momentum expected --optimizer sgd beside it, got optimizer adam',
    ],
  ])('of %s names its options: %s', (name, message, wanted) => {
    expect(said(message, name)).toBe(wanted);
  });

  it.each([
    'a.csv has no column "target"; it has "format", "seed"',
    'a.csv, line 2, column "labels": expected a number, got "missing"',
    '"y" expected names',
    'unknown category "unknown" in column "task"',
    'm.safetensors is not a gradpool checkpoint: it has no "checkpoint"',
    '"y" expected "missing" or "seed"',
  ])('keeps what is a column or a value: %s', (message) => {
    expect(said(message)).toBe(message);
  });

  it.each([
    [
      'predict',
      'a.csv, line 3, column "x": has no value; "shuffle" can be false',
      'a.csv, line 3, column "x": has no value',
    ],
    [
      'predict',
      'column "x": expected numbers: correct it, or list it in "missingValues"',
      'column "x": expected numbers: correct it',
    ],
    [
      'train',
      'column "x" has 2000 texts: leave it out of "features", or list those that count in "categories"',
      'column "x" has 2000 texts: leave it out of --features',
    ],
    [
      'train',
      'column "x" cannot be read: leave it out with "columns"',
      'column "x" cannot be read: leave it out with --features',
    ],
    ['evaluate', 'column "x" cannot be read: leave it out with "columns"', 'column "x" cannot be read'],
  ])('of %s advises nothing that cannot be given there: %s', (name, message, wanted) => {
    expect(said(message, name)).toBe(wanted);
  });

  it('stays as it is where no command ran', () => {
    expect(inWordsOfProgram('"batchSize" expected', undefined)).toBe('"batchSize" expected');
  });
});

it('of two options beside each other names both', () => {
  expect(
    said('x: unless it is said with "decimal" (--decimal in the program) and "thousands" (--thousands in the program)'),
  ).toBe('x: unless it is said with --decimal and --thousands');
});
