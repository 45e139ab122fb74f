import type { Command, Option } from 'commander';
import type { Parser, Schema } from './parse.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** What follows an option. */
interface Value {
  /** "rows" of `--batch-size <rows>`. */
  readonly name: string;
  readonly choices: readonly string[];
  readonly file: boolean;
}

interface Completed {
  /** "--batch-size" */
  readonly long: string;
  readonly about: string;
  /** undefined: the option is a switch. */
  readonly value: Value | undefined;
}

interface Subcommand {
  readonly name: string;
  readonly about: string;
  /** Of its first argument; none: it is a file. */
  readonly choices: readonly string[];
  readonly options: readonly Completed[];
}

/** A script by which a shell completes commands, options, words and files; made from the options as the command line has them. */
export function completionScript(program: Command, shell: (typeof SHELLS)[number]): string {
  const commands = program.commands.map(describe);
  const make = { bash, zsh, fish }[shell];
  return make(commands);
}

function describe(command: Command): Subcommand {
  const help = { long: '--help', about: 'display help', value: undefined };
  return {
    name: command.name(),
    about: command.description(),
    choices: command.registeredArguments[0]?.argChoices ?? [],
    options: [...command.options.map(describeOption), help],
  };
}

function describeOption(option: Option): Completed {
  const about = option.description;
  const [, name] = /[<[](.+)[>\]]/.exec(option.flags) ?? [];
  if (name === undefined) return { long: option.long!, about, value: undefined };
  const schema = (option.parseArg as unknown as Partial<Parser<unknown>> | undefined)?.schema;
  const choices = option.argChoices ?? wordsIn(schema);
  return { long: option.long!, about, value: { name, choices, file: name === 'file' || name === 'path' } };
}

/** The words that a value may be, or may begin with. */
function wordsIn(schema: Schema | undefined): readonly string[] {
  const parts = [schema, schema?.items, ...((schema?.anyOf ?? []) as Schema[])] as (Schema | undefined)[];
  return parts.flatMap((part) => (part?.enum ?? []) as string[]);
}

function bash(commands: readonly Subcommand[]): string {
  const values = commands.flatMap(({ name, options }) =>
    options.flatMap(({ long, value }) => {
      if (value === undefined) return [];
      return [`    '${name} ${long}') ${value.file ? 'return' : `words='${value.choices.join(' ')}'`} ;;`];
    }),
  );
  const options = commands.map(
    ({ name, options: own }) => `    ${name}) words='${own.map(({ long }) => long).join(' ')}' ;;`,
  );
  const first = commands.filter(({ choices }) => choices.length > 0);
  return [
    '# gradpool completion for bash: source <(gradpool completion bash)',
    '_gradpool() {',
    `  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command= words=`,
    `  if ((COMP_CWORD > 1)); then command=\${COMP_WORDS[1]}; fi`,
    '  COMPREPLY=()',
    `  case "$command $previous" in`,
    ...values,
    '    *)',
    `      case "$command,$current" in`,
    `        ,*) words='${[...commands.map(({ name }) => name), 'help --help --version'].join(' ')}' ;;`,
    `        help,*) words='${commands.map(({ name }) => name).join(' ')}' ;;`,
    ...first.map(({ name, choices }) => `        ${name},[!-]*|${name},) words='${choices.join(' ')}' ;;`),
    '        *,-*)',
    '          case $command in',
    ...options.map((line) => `        ${line}`),
    '          esac',
    '          ;;',
    '        *) return ;;',
    '      esac',
    '      ;;',
    '  esac',
    `  COMPREPLY=($(compgen -W "$words" -- "$current"))`,
    '}',
    'complete -o default -F _gradpool gradpool',
    '',
  ].join('\n');
}

function zsh(commands: readonly Subcommand[]): string {
  const quoted = (text: string) => text.replace(/[[\]:\\]/g, '\\$&').replaceAll("'", `'\\''`);
  const action = ({ choices, file }: Value) => (file ? '_files' : choices.length > 0 ? `(${choices.join(' ')})` : ' ');
  const argument = ({ long, about, value }: Completed) =>
    `        '${long}[${quoted(about)}]${value ? `:${value.name}:${action(value)}` : ''}'`;
  return [
    '#compdef gradpool',
    '# gradpool completion for zsh: source <(gradpool completion zsh), or a file _gradpool in a folder of $fpath',
    '_gradpool() {',
    '  local curcontext="$curcontext" state line',
    '  local -a commands',
    '  commands=(',
    ...commands.map(({ name, about }) => `    '${name}:${quoted(about)}'`),
    "    'help:display help for command'",
    '  )',
    "  _arguments -C '--help[display help]' '--version[output the version]' '1: :->command' '*:: :->rest'",
    '  case $state in',
    '    command) _describe command commands ;;',
    '    rest)',
    '      case $words[1] in',
    ...commands.flatMap(({ name, options, choices }) => [
      `      ${name}) _arguments \\`,
      ...options.map((option) => `${argument(option)} \\`),
      `        '*:file:${choices.length > 0 ? `(${choices.join(' ')})` : '_files'}' ;;`,
    ]),
    '      help) _describe command commands ;;',
    '      esac ;;',
    '  esac',
    '}',
    'if [ "$funcstack[1]" = _gradpool ]; then _gradpool "$@"; else compdef _gradpool gradpool; fi',
    '',
  ].join('\n');
}

function fish(commands: readonly Subcommand[]): string {
  const quoted = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;
  const value = ({ choices, file }: Value) =>
    file ? ' -r -F' : choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : ' -x';
  return [
    '# gradpool completion for fish: gradpool completion fish > ~/.config/fish/completions/gradpool.fish',
    "complete -c gradpool -n __fish_use_subcommand -f -l help -d 'display help'",
    "complete -c gradpool -n __fish_use_subcommand -f -l version -d 'output the version'",
    "complete -c gradpool -n __fish_use_subcommand -f -a help -d 'display help for command'",
    `complete -c gradpool -n '__fish_seen_subcommand_from help' -f -a '${commands.map(({ name }) => name).join(' ')}'`,
    ...commands.flatMap(({ name, about, choices, options }) => {
      const within = `complete -c gradpool -n '__fish_seen_subcommand_from ${name}'`;
      return [
        `complete -c gradpool -n __fish_use_subcommand -f -a ${name} -d ${quoted(about)}`,
        ...(choices.length > 0 ? [`${within} -f -a ${quoted(choices.join(' '))}`] : []),
        ...options.map(
          (option) =>
            `${within} -l ${option.long.slice(2)}${option.value ? value(option.value) : ''} -d ${quoted(option.about)}`,
        ),
      ];
    }),
    '',
  ].join('\n');
}
