// The program as a person runs it: exit codes, what goes to stdout and to stderr, and what it leaves behind.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { loadNetwork, Trainer } from 'gradpool';
import { Random } from '#src/core/random.js';
import { expectSameBits } from '../close.ts';
import { eventsOf, runIn, runUnread } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'gradpool-cli-'));
const at = (name: string) => join(folder, name);

const run = (args: string[], interrupt?: string, signal?: NodeJS.Signals) => runIn(folder, args, interrupt, signal);
const lines = eventsOf;

/** Two clouds, a colour that tells them apart too, and a number that is nearly the first coordinate. */
function makeTables(): void {
  const random = new Random(3);
  const rows = Array.from({ length: 300 }, (_, i) => {
    const side = i % 2 === 0 ? 1 : -1;
    const [x, y] = [2 * side + random.normal(), random.normal()];
    return [x.toFixed(3), y.toFixed(3), side > 0 ? 'red' : 'blue', side > 0 ? 'right' : 'left', (3 * x + y).toFixed(3)];
  });
  const write = (name: string, part: string[][]) =>
    writeFileSync(at(name), ['x,y,colour,side,sum', ...part.map((row) => row.join(','))].join('\n'));
  write('clouds.csv', rows);
  write('few.csv', rows.slice(0, 20));
  writeFileSync(at('new.csv'), 'colour,x,y\nred,2.5,0.1\nblue,-2.5,0.3\n');
  writeFileSync(at('green.csv'), 'colour,x,y\ngreen,2.5,0.1\n');
  writeFileSync(at('three.csv'), 'x,y\n1,2.5\n2,3.5\n3,4\n');
  writeFileSync(at('semicolons.csv'), ['x;y', ...rows.map(([x], i) => `${x!.replace('.', ',')};${i}`)].join('\n'));
  writeFileSync(at('ragged.csv'), 'x,y,colour,side,sum\n1,2,red,right,5\n1,2,red\n');
}

beforeAll(makeTables);
afterAll(() => rmSync(folder, { recursive: true }));

const CLASSES = ['--target', 'side', '--features', 'x,y,colour', '--epochs', '8', '--hidden', '8', '--workers', '2'];

describe('from a table to a model in use', () => {
  it('trains classes, judges them on rows kept apart, and saves the model', async () => {
    const logs = ['--history', 'logs/history.jsonl', '--tensorboard', 'logs/board'];
    const { code, stdout, stderr } = await run([
      ...['train', 'clouds.csv', ...CLASSES, '--model', 'side.safetensors', ...logs],
    ]);
    expect(code).toBe(0);
    const history = lines(readFileSync(at('logs/history.jsonl'), 'utf8'));
    expect(history.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(history[0]).toMatchObject({
      loss: expect.any(Number) as number,
      validation: { loss: expect.any(Number) as number },
    });
    expect(readdirSync(at('logs/board'))).toEqual([expect.stringMatching(/^events\.out\.tfevents\./)]);
    expect(stderr).toContain(
      'clouds.csv: classification, rows: 240 to train, 30 to validate, 30 to test, stratified by side; network 4-8-2',
    );
    expect(stderr).toMatch(/epoch {3}1 {2}loss 0\.\d+ {2}accuracy \d+\.\d+% {2}validation loss/);
    expect(stdout).toContain('On the 30 rows of the test set:');
    expect(stdout).toMatch(/actual \\ predicted.*left.*right/);
    const { network, classes } = await loadNetwork(at('side.safetensors'));
    expect(network.spec.inputs).toBe(4);
    expect(classes).toEqual(['left', 'right']);
  });

  it('predicts rows without the target, as CSV and as JSON', async () => {
    const plain = await run(['predict', 'side.safetensors', 'new.csv']);
    expect(plain).toMatchObject({ code: 0, stdout: 'side\nright\nleft\n' });
    const json = await run(['predict', 'side.safetensors', 'new.csv', '--probabilities', '--json']);
    const [first, second] = lines(json.stdout);
    expect(first).toMatchObject({ event: 'prediction', row: 1, values: { side: 'right' } });
    expect((first!.values as Record<string, number>)['p(right)']).toBeGreaterThan(0.9);
    expect(second).toMatchObject({ row: 2, values: { side: 'left' } });
    await run(['predict', 'side.safetensors', 'new.csv', '--output', 'answers.csv']);
    expect(readFileSync(at('answers.csv'), 'utf8')).toBe('side\nright\nleft\n');
  });

  it('answers for each label, with its probability where that is wanted; says which rows are left out', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => `${i % 10},${Number(i % 10 > 4)},${Number(i % 10 < 3)}`);
    writeFileSync(at('labels.csv'), ['x,high,low', ...rows].join('\n'));
    writeFileSync(at('gaps.csv'), 'x,high,low\n9,1,0\n,0,0\n0,0,1\n');
    const labels = ['--target', 'high,low', '--missing', 'drop', '--epochs', '30', '--patience', '0'];
    expect((await run(['train', 'labels.csv', ...labels, '--model', 'labels.safetensors'])).code).toBe(0);
    const plain = await run(['predict', 'labels.safetensors', 'gaps.csv']);
    expect(plain).toMatchObject({
      stdout: 'row,high,low\n1,1,0\n3,0,1\n',
      stderr: expect.stringContaining('1 row has') as string,
    });
    const { stdout } = await run(['predict', 'labels.safetensors', 'gaps.csv', '--probabilities']);
    expect(stdout).toMatch(/^row,high,low,p\(high\),p\(low\)\n1,1,0,(0\.[5-9]\d*|1),[0-9.e-]+\n3,0,1,/);
    const evaluated = await run(['evaluate', 'labels.safetensors', 'gaps.csv']);
    expect(evaluated.stderr).toBe('1 row has missing values and is left out\n');
    expect(evaluated.stdout).toContain('On the 2 rows of the given set:');
  });

  it('evaluates another table', async () => {
    const { code, stdout } = await run(['evaluate', 'side.safetensors', 'few.csv', '--json']);
    expect(code).toBe(0);
    expect(lines(stdout)[0]).toMatchObject({ event: 'metrics', task: 'classes', rows: 20 });
    expect(lines(stdout)[0]!.accuracy).toBeGreaterThan(0.9);
  });

  it('trains a regression; with --json there is an object on each line', async () => {
    const options = ['--target', 'sum', '--features', 'x,y', '--hidden', 'none', '--epochs', '20', '--json'];
    const { code, stdout } = await run(['train', 'clouds.csv', ...options, '--model', 'sum.safetensors']);
    expect(code).toBe(0);
    const events = lines(stdout);
    expect(events[0]).toMatchObject({ event: 'start', trainer: { strategy: 'owner-computes' } });
    expect(events.filter(({ event }) => event === 'epoch').length).toBeGreaterThan(3);
    expect(events.at(-1)).toMatchObject({ event: 'done', part: 'test', metrics: { task: 'values', rows: 30 } });
    expect((events.at(-1)!.metrics as { r2: number }).r2).toBeGreaterThan(0.99);
    const { stdout: predicted } = await run(['predict', 'sum.safetensors', 'new.csv']);
    expect(Number(predicted.split('\n')[1])).toBeCloseTo(7.6, 0);
    writeFileSync(at('one.csv'), 'x,y,sum\n1,1,4\n');
    const one = await run(['evaluate', 'sum.safetensors', 'one.csv']);
    expect(one.stdout, 'R2 of one row is not defined').toMatch(/root mean squared error [\d.e-]+\n$/);
  });

  it('drops a last batch that is short where it is told to, and says where there would be none', async () => {
    const train = ['train', 'clouds.csv', '--target', 'sum', '--features', 'x,y', '--hidden', 'none', '--epochs', '2'];
    const short = [...train, '--batch-size', '50', '--last-batch', 'drop', '--model', 'short.safetensors'];
    for (const stream of ['never', 'always']) {
      const { code, stdout, stderr } = await run([...short, '--stream', stream, '--json']);
      expect(code, stderr).toBe(0);
      const epochs = lines(stdout).filter(({ event }) => event === 'epoch') as unknown as {
        updates: number;
        samples: number;
      }[];
      expect(epochs.map(({ updates, samples }) => samples - 50 * updates)).toEqual([0, 0]);
      expect(epochs[0]!.samples).toBeGreaterThan(50);
    }
    const large = await run([...short, '--batch-size', '5000']);
    expect(large).toMatchObject({ code: 1, stderr: expect.stringMatching(/--last-batch drop expected at least 5000/) as string }); // prettier-ignore
  });

  it('starts from the weights that are asked for', async () => {
    const starts = ['glorot', 'he', 'auto'].map((name) =>
      run([
        'train',
        'clouds.csv',
        ...CLASSES,
        '--epochs',
        '1',
        '--learning-rate',
        '0',
        '--initialisation',
        name,
        '--model',
        `${name}.safetensors`,
      ]),
    );
    expect((await Promise.all(starts)).map(({ code }) => code)).toEqual([0, 0, 0]);
    const [glorot, he, auto] = await Promise.all(
      ['glorot', 'he', 'auto'].map(
        async (name) => (await loadNetwork(at(`${name}.safetensors`))).network.parameters[0]!,
      ),
    );
    expect(auto).toEqual(he);
    const bound = Math.sqrt(6 / (4 + 8));
    expect(Math.max(...glorot!.weights.map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(Math.max(...he!.weights.map(Math.abs))).toBeGreaterThan(bound);
  });

  it('leaves rare categories at 0 and 1, and can do without what it has not seen', async () => {
    const random = new Random(1);
    const rows = Array.from({ length: 1000 }, (_, i) => {
      const size = 50 + 20 * random.normal();
      return `${i % 400 === 7 ? `island ${i}` : 'NESW'[i % 4]},${size.toFixed(2)},${(3 * size + random.normal()).toFixed(2)}`;
    });
    writeFileSync(at('regions.csv'), ['region,size,price', ...rows].join('\n'));
    const model = ['--model', 'regions.safetensors'];
    const price = ['train', 'regions.csv', '--target', 'price', '--unknown', 'zeros', '--epochs', '15', '--json'];
    const { code, stdout } = await run([...price, ...model]);
    expect(code).toBe(0);
    expect((lines(stdout).at(-1)!.metrics as { r2: number }).r2).toBeGreaterThan(0.95);
    writeFileSync(at('elsewhere.csv'), 'region,size\nAzores,50\n');
    expect((await run(['predict', 'regions.safetensors', 'elsewhere.csv'])).code).toBe(0);
    const strict = await run(['predict', 'regions.safetensors', 'elsewhere.csv', '--unknown', 'error']);
    expect(strict).toMatchObject({ code: 1, stderr: expect.stringContaining('got "Azores"') as string });
  });

  it('takes dropout, weights of classes and of rows', async () => {
    const given = ['--dropout', '0.25', '--class-weights', '1,2', '--weight-column', 'y2', '--json'];
    const table = readFileSync(at('clouds.csv'), 'utf8').split('\n');
    const weighted = table.map((line, i) => `${line},${i === 0 ? 'y2' : i % 3}`);
    writeFileSync(at('weighted.csv'), weighted.join('\n'));
    const { code, stdout } = await run(['train', 'weighted.csv', ...CLASSES, ...given, '--model', 'w.safetensors']);
    expect(code).toBe(0);
    const { network } = await loadNetwork(at('w.safetensors'));
    expect(network.spec.inputs, 'the weights are no input').toBe(4);
    expect(network.spec.layers.map(({ dropout }) => dropout)).toEqual([0.25, undefined]);
    expect(lines(stdout).at(-1)!.metrics as { accuracy: number }).toMatchObject({ task: 'classes', rows: 30 });
  });

  it('keeps the weights of the epoch with the least validation loss', async () => {
    const options = [...CLASSES, '--epochs', '400', '--patience', '2', '--learning-rate', '0.5', '--json'];
    const { stdout, stderr } = await run(['train', 'clouds.csv', ...options, '--model', 'early.safetensors']);
    const events = lines(stdout);
    const losses = events
      .filter(({ event }) => event === 'epoch')
      .map(({ validation }) => (validation as { loss: number }).loss);
    const best = losses.indexOf(Math.min(...losses));
    expect(losses.length).toBe(best + 3);
    expect(events.at(-1)).toMatchObject({ event: 'done', epochs: best + 1 });
    expect(stderr).toContain('stopped: in the last 2 epochs the validation loss has not fallen below');
  });
});

describe('a training that is saved', () => {
  const weights = async (name: string) => (await loadNetwork(at(name))).network.parameters;
  const endless = ['train', 'clouds.csv', ...CLASSES, '--epochs', '1000000', '--patience', '0'];

  it('is interrupted, says how to go on, and goes on to the same bits', async () => {
    const interrupted = await run([...endless, '--model', 'it.safetensors', '--checkpoint', 'a place'], 'epoch   3');
    expect(interrupted.code).toBe(130);
    const [line, last] = interrupted.stderr.trim().split('\n').slice(-2);
    expect(last).toBe('gradpool: interrupted');
    expect(line).toMatch(/^to go on: (npx )?gradpool train clouds\.csv .* --checkpoint 'a place' --resume 'a place'$/);
    const trainer = (await Trainer.resume(at('a place'), { sharedMemory: 'off' }))!;
    await trainer.close();
    const epochs = String(trainer.resumed!.history.length + 20);
    const same = ['train', 'clouds.csv', ...CLASSES, '--patience', '0', '--epochs', epochs];
    const resumed = await run([
      ...same,
      '--model',
      'it.safetensors',
      '--resume',
      'a place',
      '--checkpoint-every',
      '9m',
    ]);
    expect(resumed).toMatchObject({ code: 0 });
    const again = await run([...same, '--checkpoint', 'a place']);
    expect(again).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("go on with --resume 'a place'") as string,
    });
    expect(resumed.stderr).toContain(`goes on from ${join('a place', 'checkpoint-')}`);
    await run([...same, '--model', 'whole.safetensors']);
    expectSameBits('weights', await weights('it.safetensors'), await weights('whole.safetensors'));
  });

  it('keeps the best weights, and ends again where it has ended', async () => {
    const options = [...CLASSES, '--patience', '2', '--learning-rate', '0.5', '--json'];
    const train = async (model: string, ...more: string[]) => {
      const { code, stdout } = await run(['train', 'clouds.csv', ...options, '--model', model, ...more]);
      expect(code).toBe(0);
      return lines(stdout);
    };
    const whole = await train('whole.safetensors', '--epochs', '400');
    const first = await train('some.safetensors', '--epochs', '2', '--checkpoint', 'some', '--checkpoint-every', '20');
    expect(first.at(-1)!.event).toBe('done');
    const second = await train('some.safetensors', '--epochs', '400', '--resume', 'some');
    expect(second).toContainEqual(expect.objectContaining({ event: 'resume', epochs: 2 }));
    expect(second.at(-1)).toMatchObject({ event: 'done', epochs: whole.at(-1)!.epochs });
    const third = await train('some.safetensors', '--epochs', '400', '--resume', 'some');
    expect(third.filter(({ event }) => event === 'epoch')).toEqual([]);
    expect(third.at(-1)).toMatchObject({ event: 'done', epochs: whole.at(-1)!.epochs });
    expectSameBits('weights', await weights('some.safetensors'), await weights('whole.safetensors'));
    const begun = await train('none.safetensors', '--epochs', '1', '--resume', 'nothing yet');
    expect(begun.at(-1)).toMatchObject({ event: 'done', epochs: 1 });
  });
});

describe('a table over the memory limit', () => {
  it('is trained from disk, which is said, and leaves nothing but the model', async () => {
    const before = readdirSync(folder);
    const args = ['clouds.csv', '--target', 'side', '--memory-limit', '16K', '--test-data', 'few.csv'];
    const { code, stdout, stderr } = await run([
      ...['train', ...args, '--workers', '1', '--backend', 'wasm', '--hidden', '8', '--epochs', '15'],
      ...['--batch-size', '8', '--features', 'x,y,colour', '--model', 'streamed.safetensors'],
    ]);
    expect(stderr).toMatch(
      /^clouds\.csv is trained from disk: it is expected to need [\d.]+ KiB of memory, and the memory limit is 16 KiB; storing its rows in \./,
    );
    expect(stderr).toMatch(/rows: 2\d\d to train, \d+ to validate, 20 to test/);
    expect(stdout).toMatch(/On the 20 rows of the test set:\naccuracy 100\.00%/);
    expect(code).toBe(0);
    expect(readdirSync(folder)).toEqual([...before, 'streamed.safetensors'].sort());
    const evaluated = await run(['evaluate', 'streamed.safetensors', 'clouds.csv']);
    expect(evaluated.stdout).toMatch(/accuracy (9[5-9]|100)\./);
  });

  it('may have a column of weights, which is looked at while its rows are stored', async () => {
    const before = readdirSync(folder);
    const weighted = ['--target', 'side', '--stream', 'always', '--weight-column', 'sum'];
    const { code, stderr } = await run(['train', 'clouds.csv', ...weighted]);
    expect(stderr).toMatch(/^clouds\.csv is trained from disk: as was asked for/);
    expect(stderr).toMatch(
      /gradpool: ERR_BAD_DATA: clouds\.csv, line \d+, column "sum": expected a weight of at least 0, got -/,
    );
    expect(code).toBe(1);
    expect(readdirSync(folder)).toEqual(before);
  });
});

describe('what goes wrong', () => {
  test.each([
    ['SIGINT', 130, 'interrupted'],
    ['SIGTERM', 143, 'terminated'],
    ['SIGHUP', 129, 'the terminal is gone'],
  ] as const)('%s saves the weights and exits with %i', async (signal, exitCode, said) => {
    const endless = ['train', 'clouds.csv', ...CLASSES, '--epochs', '1000000', '--patience', '0'];
    const { code, stderr } = await run([...endless, '--model', 'interrupted.safetensors'], 'epoch   3', signal);
    expect(code).toBe(exitCode);
    expect(stderr).toMatch(/interrupted\.safetensors written, with the weights of the last update, after \d+ epochs/);
    expect(stderr.trim().split('\n').at(-1)).toBe(`gradpool: ${said}`);
    expect((await loadNetwork(at('interrupted.safetensors'))).network.spec.inputs).toBe(4);
  });

  it('ends where nobody reads on, and leaves no half-written file', async () => {
    const logs = ['--json', '--history', 'unread/history.jsonl', '--trace', 'unread/trace.json'];
    const endless = ['train', 'clouds.csv', ...CLASSES, '--epochs', '1000000', '--patience', '0', ...logs];
    const { code, stderr } = await runUnread(folder, [...endless, '--model', 'unread/model.safetensors']);
    expect(stderr).not.toMatch(/EPIPE|at .*:\d+/);
    expect(code).toBe(0);
    expect(readdirSync(at('unread')).sort()).toEqual(['history.jsonl', 'model.safetensors', 'trace.json']);
  });

  test.each([
    [['train', 'clouds.csv'], 2, '--target expected one of the columns x, y, colour, side, sum'],
    [['train', 'clouds.csv', '--tarket', 'side'], 2, 'Did you mean --target?'],
    [['train', 'clouds.csv', '--target', 'side', '--labels', 'x'], 2, '--labels expected no --target'],
    [['train', 'clouds.csv', '--target', 'side', '--test-labels', 'x'], 2, '--test-labels expected --labels'],
    [['train', 'clouds.csv', ...CLASSES, '--learning-rate', '1e30'], 1, 'diverged in epoch 1'],
    [['train', 'clouds.csv', ...CLASSES, '--dropout', '1'], 2, 'Expected a number of at least 0 and less than 1'],
    [
      ['train', 'clouds.csv', ...CLASSES, '--class-weights', '1,2,3'],
      2,
      'expected 2 numbers, one for each class, got 3',
    ],
    [['trian'], 2, 'Did you mean train?'],
    [['train', 'clouds.csv', '--target', 'side', '--epochs', '0'], 2, 'Expected an integer of at least 1'],
    [['train', 'clouds.csv', '--target', 'side', '--backend', 'gpu'], 2, 'Allowed choices are'],
    [['train', 'clouds.csv', '--target', 'side', '--test-share', '0.95'], 2, 'less than 1 together'],
    [
      ['train', 'three.csv', '--target', 'y'],
      2,
      'three.csv has 3 rows, too few for --validation-share 0.1 and --test-share 0.1: all are trained on with --validation-share 0 --test-share 0',
    ],
    [['train', 'semicolons.csv', '--target', 'y', '--delimiter', ','], 1, 'said with --delimiter'],
    [['train', 'semicolons.csv', '--target', 'y'], 1, 'numbers need a decimal point'],
    [['train', 'missing.csv', '--target', 'side'], 1, 'missing.csv'],
    [['train', 'ragged.csv', '--target', 'side'], 1, 'ERR_BAD_FILE'],
    [['train', 'clouds.csv', '--target', 'nothing'], 1, 'nothing'],
    [['train', 'clouds.csv', ...CLASSES, '--checkpoint-every', '5m'], 2, 'expected --checkpoint or --resume beside it'],
    [['train', 'clouds.csv', ...CLASSES, '--checkpoint', 'a', '--resume', 'b'], 2, 'expected the same folder'],
    [['train', 'clouds.csv', ...CLASSES, '--checkpoint', 'a', '--checkpoint-every', '5h'], 2, 'or minutes as in 5m'],
    [['train', 'clouds.csv', ...CLASSES, '--seed', '1', '--resume', 'some'], 2, '--learning-rate expected 0.5'],
    [['train', 'clouds.csv', ...CLASSES, '--model', '.'], 2, '--model expected the path of a file, got a folder: .'],
    [['predict', 'side.safetensors', 'new.csv', '--output', './new.csv'], 2, '--output expected another file'],
    [['train', 'clouds.csv', ...CLASSES, '--model', 'clouds.csv'], 2, '--model expected another file than clouds.csv'],
    [['train', 'clouds.csv', ...CLASSES, '--trace', 'clouds.csv'], 2, '--trace expected another file than clouds.csv'],
    [
      ['train', 'clouds.csv', ...CLASSES, '--model', 'one.json', '--history', './one.json'],
      2,
      '--history expected another file than ./one.json, as --model has it',
    ],
    [
      ['train', 'clouds.csv', ...CLASSES, '--checkpoint', 'clouds.csv'],
      2,
      '--checkpoint expected a folder, but clouds.csv is a file',
    ],
    [['train', 'clouds.csv', ...CLASSES, '--tensorboard', 'clouds.csv'], 2, '--tensorboard expected a folder'],
    [
      ['train', 'clouds.csv', ...CLASSES, '--scratch', 'nowhere'],
      2,
      '--scratch expected a folder that is there, but there is no nowhere',
    ],
    [['predict', 'clouds.csv', 'new.csv'], 1, 'ERR_BAD_FILE'],
    [
      ['predict', 'new.csv', 'side.safetensors'],
      2,
      'expected the model first, then the rows: side.safetensors new.csv',
    ],
    [['predict', 'side.safetensors', 'green.csv'], 1, 'green'],
  ])('%j exits with %i', async (args, code, message) => {
    const ran = await run(args);
    expect(ran.stderr).toContain(message);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(existsSync(at('model.safetensors'))).toBe(false);
  });

  test('with --json an error is an object, too', async () => {
    const { code, stdout } = await run(['train', 'missing.csv', '--target', 'side', '--json']);
    expect(code).toBe(1);
    expect(lines(stdout)).toMatchObject([{ event: 'error', code: 1 }]);
  });
});

describe('help', () => {
  test.each(['train', 'predict', 'evaluate', 'curve', 'scaling', 'sweep', 'info', 'completion', 'schema'])(
    '%s has examples',
    async (command) => {
      const { code, stdout } = await run([command, '--help']);
      expect(code).toBe(0);
      expect(stdout).toContain(`  gradpool ${command}`);
    },
  );

  test('says what the exit codes mean', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/0 done, 1 failed, 2 wrongly called, 129 hung up .*, 130 interrupted .*, 143 terminated/);
  });

  test('info says what can be used, and why not', async () => {
    const { code, stdout } = await run(['info', '--json']);
    expect(code).toBe(0);
    const [{ backends, environment }] = lines(stdout) as [{ event: string; backends: object[]; environment: object }];
    expect(backends).toContainEqual(expect.objectContaining({ backend: 'wasm', available: true }));
    expect(environment).toHaveProperty('caches');
    expect((await run(['info'])).stdout).toContain('backend reference');
  });
});
