import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, test } from 'vitest';
import { configKeys, configSchema, configurable } from '#src/cli/config-schema.js';
import { program } from '#src/cli/program.js';
import { callHere, runIn } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'gradpool-config-'));
const gradpool = program(new AbortController().signal);
const schema = configSchema(gradpool) as { $defs: Record<string, { properties: Record<string, unknown> }> };
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, value: unknown): string {
  writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));
  return join(folder, name);
}

describe('the schema', () => {
  test('is the published one, and valid', () => {
    const published = readFileSync(join(import.meta.dirname, '../../schema/gradpool.config.schema.json'), 'utf8');
    expect(JSON.parse(published)).toEqual(JSON.parse(JSON.stringify(schema)));
    const ajv = new Ajv2020({ strict: true });
    expect(ajv.validateSchema(schema)).toBe(true);
    expect(() => ajv.compile(schema)).not.toThrow();
  });

  test('has every option and argument of every command', () => {
    const names = ['train', 'predict', 'evaluate', 'curve', 'scaling', 'sweep', 'info'];
    expect(configurable(gradpool).map((command) => command.name())).toEqual(names);
    for (const command of configurable(gradpool)) {
      const options = command.options.map((option) => option.attributeName());
      const all = [...new Set(options), ...command.registeredArguments.map((argument) => argument.name())];
      const keys = Object.keys(schema.$defs[command.name()]!.properties);
      expect(keys.sort()).toEqual([...all.filter((key) => !/^(config|printConfig)$/.test(key)), '$schema'].sort());
    }
  });

  test('takes the default of every option', () => {
    const ajv = new Ajv2020().addSchema(schema, 'all');
    for (const command of configurable(gradpool)) {
      const validate = ajv.getSchema(`all#/$defs/${command.name()}`)!;
      const defaults = command.opts<Record<string, unknown>>();
      expect(Object.keys(defaults).filter((key) => !configKeys(command).some((one) => one.key === key))).toEqual([]);
      expect([validate(defaults), validate.errors]).toEqual([true, null]);
    }
  });
});

describe('--config', () => {
  test.each([
    ['500', 500],
    ['2.5m', '2.5m'],
  ])('an interval of %s is kept as %j, and taken back', async (text, value) => {
    const saved = { checkpoint: 'saved', checkpointEvery: value };
    for (const args of [
      ['--checkpoint', 'saved', '--checkpoint-every', text],
      ['--config', file('every.json', saved)],
    ]) {
      const { code, stdout } = await callHere(['train', 'a.csv', ...args, '--print-config']);
      expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining(saved)]);
    }
  });

  test('holds everything, arguments too; what is on the command line wins', async () => {
    const all = {
      $schema: './schema.json',
      file: 'a.csv',
      target: 'species',
      hidden: [32, 8],
      batchSize: 'auto',
      learningRate: 0.5,
      backend: 'wasm',
      header: false,
      quiet: true,
    };
    const path = file('all.json', all);
    const plain = await callHere(['train', '--config', path, '--print-config']);
    expect(plain.code).toBe(0);
    const { $schema: _, ...values } = all;
    expect(JSON.parse(plain.stdout)).toMatchObject({ ...values, target: ['species'], epochs: 50 });
    const overridden = await callHere(['train', 'b.csv', '--hidden', 'none', '--config', path, '--print-config']);
    expect(JSON.parse(overridden.stdout)).toMatchObject({ ...values, target: ['species'], file: 'b.csv', hidden: [] });
  });

  test('may have a byte order mark, or be UTF-16', async () => {
    const text = '\uFEFF{"epochs": 7}';
    for (const bytes of [Buffer.from(text), Buffer.from(text, 'utf16le'), Buffer.from(text, 'utf16le').swap16()]) {
      const path = file('marked.json', '');
      writeFileSync(path, bytes);
      const { stdout } = await callHere(['train', 'a.csv', '--config', path, '--print-config']);
      expect(JSON.parse(stdout)).toMatchObject({ epochs: 7 });
    }
  });

  test('takes what --print-config printed', async () => {
    const args = ['sweep', '--network', '4-1', '--widths', 'none', '--depths', '0,2', '--nesterov', '--print-config'];
    const { stdout } = await callHere(args);
    const again = await callHere(['sweep', '--config', file('printed.json', stdout), '--print-config']);
    expect(again).toEqual({ code: 0, stdout, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ network: '4-1', widths: [], depths: [0, 2], nesterov: true });
  });

  test.each([
    [{ epoch: 3 }, '"epoch" is no option of train; did you mean "epochs"?'],
    [{ colour: 1 }, '"colour" is no option of train\n'],
    [{ config: 'other.json' }, '"config" is no option of train'],
    ['{"__proto__": {"epochs": 3}}', '"__proto__" is no option of train'],
    [{ epochs: 0 }, '"epochs" expected an integer of at least 1, got 0'],
    [{ batchSize: 'big' }, '"batchSize" expected an integer of at least 1, auto or adaptive, got "big"'],
    [{ hidden: [8, 0] }, '"hidden" expected a list of integers of at least 1, or none, got [8,0]'],
    [{ backend: 'gpu' }, '"backend" expected one of auto, wasm, blas, reference, got "gpu"'],
    [{ nesterov: 'yes' }, '"nesterov" expected true or false, got "yes"'],
    [{ model: 3 }, '"model" expected a text, got 3'],
    [[1], 'expected an object with options, got [1]'],
    ['{', 'wrong.json: '],
  ])('%j is a wrong call', async (value, message) => {
    const path = file('wrong.json', value);
    const { code, stdout, stderr } = await callHere(['train', 'a.csv', '--config', path]);
    expect(stderr).toContain(message);
    expect(stderr).toContain(path);
    expect([code, stdout]).toEqual([2, '']);
  });

  test('json in it makes an object of an error', async () => {
    const { code, stdout } = await callHere(['train', '--config', file('json.json', { json: true })]);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({ event: 'error', code: 2, message: "missing required argument 'file'" });
  });

  test('a training needs nothing else', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => `${i % 7},${i % 2}`).join('\n');
    file('rows.csv', `x,odd\n${rows}\n`);
    const settings = {
      file: 'rows.csv',
      target: 'odd',
      hidden: 'none',
      epochs: 2,
      workers: 1,
      backend: 'wasm',
      json: true,
    };
    expect((await runIn(folder, ['train', '--config', file('bad.json', settings)])).code).toBe(2);
    const { code, stdout } = await runIn(folder, ['train', '--config', file('good.json', { ...settings, hidden: 4 })]);
    expect(code).toBe(0);
    expect(stdout).toContain('"event":"done","model":"model.safetensors","epochs":2');
  });
});
