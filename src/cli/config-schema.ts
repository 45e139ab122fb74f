import type { Argument, Command, Option } from 'commander';
import type { Parser, Schema } from './parse.ts';

/** A key of a config file: an option of a command, or an argument. */
export interface ConfigKey {
  readonly key: string;
  readonly schema: Schema;
  /** In words. */
  readonly expected: string;
}

/** Those that say where the other options come from. */
const OUTSIDE = ['config', 'printConfig'];

/** The commands that take a config file. */
export function configurable(program: Command): Command[] {
  return program.commands.filter(({ options }) => options.some((option) => option.attributeName() === 'config'));
}

/** What the config file of a command may hold. */
export function configKeys(command: Command): ConfigKey[] {
  const options = command.options.filter(
    (option) => !OUTSIDE.includes(option.attributeName()) && !isOpposite(option, command),
  );
  return [...command.registeredArguments.map(ofArgument), ...options.map(ofOption)];
}

/** `--no-header`, where there is `--header`. */
function isOpposite(option: Option, { options }: Command): boolean {
  return option.negate && options.some((other) => !other.negate && other.attributeName() === option.attributeName());
}

/** The schema of config files, draft 2020-12, made from the options as the command line has them: one definition for each command. */
export function configSchema(program: Command): Schema {
  const commands = configurable(program);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Options of a gradpool command',
    anyOf: commands.map((command) => ({ $ref: `#/$defs/${command.name()}` })),
    $defs: Object.fromEntries(commands.map((command) => [command.name(), commandSchema(command)])),
  };
}

function commandSchema(command: Command): Schema {
  return {
    type: 'object',
    description: `gradpool ${command.name()}: ${command.description()}`,
    properties: {
      $schema: { type: 'string' },
      ...Object.fromEntries(configKeys(command).map(({ key, schema }) => [key, schema])),
    },
    additionalProperties: false,
  };
}

const TEXT = { expected: 'a text', schema: { type: 'string', minLength: 1 } };

function ofArgument(argument: Argument): ConfigKey {
  return { key: argument.name(), ...TEXT, schema: { description: argument.description, ...TEXT.schema } };
}

function ofOption(option: Option): ConfigKey {
  const { expected, schema } = valueOf(option);
  const { description, defaultValue } = option as { description: string; defaultValue: unknown };
  const preset = option.negate ? true : defaultValue;
  const about = { description, ...(preset !== undefined && { default: preset }) };
  return { key: option.attributeName(), expected, schema: { ...about, ...schema } };
}

/** @throws Error: an option whose parser is not one of parse.ts */
function valueOf(option: Option): { expected: string; schema: Schema } {
  if (option.isBoolean() || option.negate) return { expected: 'true or false', schema: { type: 'boolean' } };
  if (option.argChoices)
    return { expected: `one of ${option.argChoices.join(', ')}`, schema: { enum: option.argChoices } };
  if (option.parseArg === undefined) return TEXT;
  const { expected, schema } = option.parseArg as unknown as Partial<Parser<unknown>>;
  if (expected === undefined || schema === undefined)
    throw new Error(`${option.flags} expected a parser that has a schema, as those of parse.ts`);
  // One value is a list, too.
  return { expected, schema: schema.type === 'array' ? { anyOf: [schema, schema.items] } : schema };
}

/** Whether values are lists, so that one value stands for a list of it. */
export function isList({ schema }: ConfigKey): boolean {
  const [first] = (schema.anyOf ?? []) as Schema[];
  return first?.type === 'array';
}
