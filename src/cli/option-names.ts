// What the library says of its options, in the words of the command line.
import type { Command } from 'commander';

/** What the program calls otherwise, by the library's name. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  weights: 'weightColumn',
  groups: 'groupColumn',
  times: 'timeColumn',
  columns: 'features',
  folder: 'scratch',
  memory: 'memoryLimit',
  units: 'hidden',
  validation: 'validationShare',
  checkpoint: 'checkpoint',
  directory: 'checkpoint',
  everyUpdates: 'checkpointEvery',
  everyMinutes: 'checkpointEvery',
  place: 'resume',
  samples: 'patterns',
};
/** What the library's messages advise, and not each command, or none, has. */
const ADVISED = new Set([
  ...['columns', 'features', 'numeric', 'categorical', 'categories', 'classes', 'missing', 'missingValues', 'dates'],
  ...[
    'format',
    'delimiter',
    'header',
    'quote',
    'comment',
    'skipLines',
    'shortLines',
    'encoding',
    'folder',
    'memory',
    'weights',
    'unknown',
  ],
  ...['shuffle', 'blockRows', 'microBatchSize', 'accumulation', 'averagingPeriod', 'paths', 'layers', 'task'],
]);

/** An option as the library names it, where no column or value may stand: at the beginning, or after such a word. */
const NAMED =
  /(^|(?:^|[\s(])(?:with|in|of|beside|another|expected no|expected(?= "\w+"[^"]* beside)|an?|the|adaptive|synchronous|options?|is|as|out of) )"([a-z]\w*(?:\.\w+|\[\d+\])*)"/g;
/** Beside one that was found. */
const ANOTHER = /(--[a-z-]+ (?:and|or) )"([a-z]\w*)"/g;
/** Between pieces of advice. */
const PIECES = /(; |, or |: (?=(?:leave|list|give|name|say) ))/;
/** What is there for both, as in `"quote": false (--quote none in the program)`; words may stand between. */
const IN_BOTH = /"(\w+)"(?:: \w+)?([^"]*?) \((--[a-z-]+(?: [^\s()]+)?) in the program\)/g;
/** What only the program says so. */
const IN_THE_PROGRAM = / \((--[^()]+) in the program\)/g;
/** Two names of the library that are one option. */
const TWICE = /(--[a-z-]+) or \1(?![\w-])/g;

/**
 * A message of the library as the caller of a command has to read it: options by their names on the command line, or by their key in the
 * config file if they stand there. Advice that names an option which the command has not is left out.
 */
export function inWordsOfProgram(message: string, command: Command | undefined): string {
  if (command === undefined) return message;
  const [first = '', ...rest] = message.split(PIECES);
  let text = spelt(first, command);
  for (let i = 0; i < rest.length; i += 2) {
    const piece = rest[i + 1]!;
    if (!namesAbsent(piece, command)) text += rest[i]! + spelt(piece, command);
  }
  return text;
}

function spelt(text: string, command: Command): string {
  const replaced = (whole: string, before: string, path: string) => {
    const name = nameOf(path, command);
    return name === undefined ? whole : `${before}${name}`;
  };
  const inBoth = (whole: string, path: string, between: string, flag: string) => {
    const name = nameOf(path, command);
    return name === undefined ? whole : `${name.startsWith('--') ? flag : name}${between}`;
  };
  return text
    .replace(IN_BOTH, inBoth)
    .replace(NAMED, replaced)
    .replace(ANOTHER, replaced)
    .replace(TWICE, '$1')
    .replace(IN_THE_PROGRAM, ' ($1)');
}

function namesAbsent(piece: string, command: Command): boolean {
  return [...piece.matchAll(NAMED)].some(([, , path]) => ADVISED.has(path!) && nameOf(path!, command) === undefined);
}

/** @param path - such as 'optimizer.beta1' or 'layers[0].dropout', of which the last part counts */
function nameOf(path: string, command: Command): string | undefined {
  const last = path
    .replace(/\[\d+\]$/, '')
    .split('.')
    .at(-1)!;
  for (const key of [last, OTHER_NAMES[last]]) {
    const options = command.options.filter((one) => one.attributeName() === key);
    const option = options.find(({ negate }) => !negate) ?? options[0];
    if (option === undefined) continue;
    const { config } = command.opts<{ config?: string }>();
    if (command.getOptionValueSource(option.attributeName()) !== 'config') return option.long!;
    return `"${option.attributeName()}" in ${config}`;
  }
  return undefined;
}
