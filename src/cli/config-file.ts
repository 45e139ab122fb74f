import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { closestMatch } from 'leven';
import { decodeText } from '../data/text-source.ts';
import { type ConfigKey, configKeys, configSchema, isList } from './config-schema.ts';
import { UsageError } from './failure.ts';

/**
 * Takes options and arguments that were not given on the command line from the file of `--config`, if there is one. Paths in it
 * are looked for from the working directory, as those on the command line are.
 * @throws UsageError naming the file and the key
 */
export async function applyConfig(command: Command): Promise<void> {
  const { config } = command.opts<{ config?: string }>();
  if (config === undefined) return;
  const keys = configKeys(command);
  const values = await readConfig(config, command, keys);
  command.registeredArguments.forEach((argument, i) => {
    command.processedArgs[i] ??= values[argument.name()];
  });
  for (const one of keys) {
    const value = values[one.key];
    if (value === undefined || command.getOptionValueSource(one.key) === 'cli') continue;
    if (command.options.some((option) => option.attributeName() === one.key))
      command.setOptionValueWithSource(one.key, isList(one) && !Array.isArray(value) ? [value] : value, 'config');
  }
}

/** What is in the file. @throws UsageError */
async function readConfig(
  path: string,
  command: Command,
  keys: readonly ConfigKey[],
): Promise<Record<string, unknown>> {
  const values = readJson(path);
  const name = command.name();
  // Without a file nobody waits for it.
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  const ajv = new Ajv2020({ allErrors: true }).addSchema(configSchema(command.parent!), 'gradpool');
  const valid = ajv.getSchema(`gradpool#/$defs/${name}`)!;
  if (valid(values)) return values as Record<string, unknown>;
  const { instancePath, params } = valid.errors![0]!;
  const [, key] = instancePath.split('/');
  if (key !== undefined) {
    const value = (values as Record<string, unknown>)[key];
    const expected = keys.find((one) => one.key === key)?.expected ?? 'a text';
    throw new UsageError(`${path}: "${key}" expected ${expected}, got ${shown(value)}`);
  }
  const unknown = (params as { additionalProperty?: string }).additionalProperty;
  if (unknown === undefined) throw new UsageError(`${path} expected an object with options, got ${shown(values)}`);
  const near = closestMatch(
    unknown,
    keys.map((one) => one.key),
    { maxDistance: Math.ceil(unknown.length / 3) },
  );
  throw new UsageError(`${path}: "${unknown}" is no option of ${name}${near ? `; did you mean "${near}"?` : ''}`);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(decodeText(readFileSync(path)));
  } catch (error) {
    throw new UsageError(`--config expected a file of JSON, got ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** All that is set, as a config file of its own. */
export function effectiveConfig(command: Command): Record<string, unknown> {
  const all = command.opts<Record<string, unknown>>();
  command.registeredArguments.forEach((argument, i) => {
    all[argument.name()] = command.processedArgs[i];
  });
  const keys = configKeys(command).map(({ key }) => key);
  return Object.fromEntries(keys.filter((key) => all[key] !== undefined).map((key) => [key, all[key]]));
}

/** @throws UsageError: an argument that the usage has as <name> is neither on the command line nor in the config file */
export function requireArguments(command: Command): void {
  command.registeredArguments.forEach((argument, i) => {
    if (command.usage().includes(`<${argument.name()}>`) && command.processedArgs[i] === undefined)
      throw new UsageError(`missing required argument '${argument.name()}'`);
  });
}
