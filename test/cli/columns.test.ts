// What becomes of columns: left out and said, filled, named in answers.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EncodeOptions, encodeTable, Network, readTable, saveNetwork } from 'gradpool';
import { afterAll, describe, expect, it } from 'vitest';
import { callHere, eventsOf, runIn } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'gradpool-columns-'));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

/** A model as `train` saves it, with starting weights. */
async function model(name: string, csv: string, options: EncodeOptions): Promise<string> {
  const { encoding } = encodeTable(await readTable(Buffer.from(csv), { format: 'csv' }), options);
  const activation = encoding.task === 'classification' ? 'softmax' : 'sigmoid';
  const network = new Network({ inputs: encoding.inputSize, layers: [{ units: encoding.outputSize, activation }] });
  await saveNetwork(at(name), network, { encoding: JSON.parse(JSON.stringify(encoding)) as never });
  return at(name);
}
const file = (name: string, text: string) => {
  writeFileSync(at(name), text);
  return at(name);
};

describe('answers have names of their own', () => {
  it.each([
    ['p(a)', 'p(a),probability(a),probability(b)'],
    ['k', 'k,p(a),p(b)'],
    ['row', 'row,p(a),p(b)'],
  ])('where the target is called %s', async (target, head) => {
    const path = await model('clash.safetensors', `x,${target}\n1,a\n2,b\n`, { target });
    const rows = file('clash.csv', 'x\n1\n2\n');
    const { stdout } = await callHere(['predict', path, rows, '--probabilities']);
    const [first, line] = stdout.split('\n');
    expect(first).toBe(head);
    expect(line).toMatch(/^[ab],0\.\d+,0\.\d+$/);
    const [event] = eventsOf((await callHere(['predict', path, rows, '--probabilities', '--json'])).stdout);
    expect(Object.keys(event!.values as object).join()).toBe(head);
  });

  it('of several labels, one of which is called as the probability of another', async () => {
    const path = await model('labels.safetensors', 'x,a,p(a)\n1,0,1\n2,1,0\n', { target: ['a', 'p(a)'] });
    const { stdout } = await callHere(['predict', path, file('x.csv', 'x\n1\n'), '--probabilities']);
    expect(stdout.split('\n')[0]).toBe('a,p(a),probability(a),probability(p(a))');
  });

  it('and rows, where they are numbered', async () => {
    const path = await model('row.safetensors', 'x,row\n1,a\n2,b\n', { target: 'row' });
    const { stdout } = await callHere(['predict', path, file('gap.csv', 'x\n1\n?\n'), '--missing', 'drop']);
    expect(stdout.split('\n')[0]).toBe('row number,row');
  });
});

describe('a gap in rows to predict', () => {
  const gap = () => file('gaps.csv', 'x,z\n1,\n2,3\n');

  it('is told of with what can be done', async () => {
    const path = await model('strict.safetensors', 'x,z,y\n1,1,a\n2,2,b\n', { target: 'y' });
    const strict = await callHere(['predict', path, gap()]);
    expect(strict).toMatchObject({ code: 1, stdout: '' });
    expect(strict.stderr).toContain(
      `line 2, column "z": has no value; --missing can be 'drop', or 'mean' where that was so in training`,
    );
    expect((await callHere(['predict', path, gap(), '--missing', 'drop'])).stdout).toMatch(/^row,y\n2,[ab]\n$/);
    const mean = await callHere(['predict', path, gap(), '--missing', 'mean']);
    expect(mean.code).toBe(2);
    expect(mean.stderr).toContain('--missing mean expected a model that was trained with it');
  });

  it('is filled as in training, or not', async () => {
    const path = await model('filled.safetensors', 'x,z,y\n1,1,a\n2,2,b\n', { target: 'y', missing: 'mean' });
    expect((await callHere(['predict', path, gap()])).stdout).toMatch(/^y\n[ab]\n[ab]\n$/);
    expect((await callHere(['predict', path, gap(), '--missing', 'error'])).stderr).toContain(
      `can be 'drop' or 'mean'`,
    );
  });

  it('is left out of what is evaluated', async () => {
    const path = await model('judged.safetensors', 'x,z,y\n1,1,a\n2,2,b\n', { target: 'y' });
    const rows = file('judged.csv', 'x,z,y\n1,,a\n2,3,b\n');
    const { code, stderr } = await callHere(['evaluate', path, rows, '--missing', 'drop']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '1 row has missing values and is left out\n' });
  });

  it('an unknown category is shown', async () => {
    const path = await model('known.safetensors', 'c,y\nu,a\nv,b\n', { target: 'y' });
    expect((await callHere(['predict', path, file('new.csv', 'c\nw\n')])).stderr).toContain(
      'expected one of "u", "v", got "w"',
    );
  });
});

it.each([{ more: [] }, { more: ['--stream', 'always'] }])(
  'a table of ids, dates and rare values is trained, and it is said what is left out: $more',
  { timeout: 60_000 },
  async ({ more }) => {
    const rows = Array.from({ length: 120 }, (_, i) => {
      const when = new Date(Date.UTC(2021, 0, 1 + i)).toISOString().slice(0, 10);
      return `key-${i},${when},,${i === 77 ? 'rare' : 'uvw'[i % 3]},${i},${i % 2 ? 'yes' : 'no'}`;
    });
    file('mixed.csv', ['id,when,none,kind,size,answer', ...rows].join('\n'));
    const train = ['train', 'mixed.csv', '--target', 'answer', '--epochs', '1', '--json', '--missing', 'mean', ...more];
    for (const seed of ['1', '2', '3'].slice(0, more.length > 0 ? 1 : 3)) {
      const { code, stdout } = await runIn(folder, [...train, '--seed', seed]);
      expect(code).toBe(0);
      const notes = eventsOf(stdout).flatMap(({ event, text }) => (event === 'note' ? [text as string] : []));
      expect(notes.map((note) => note.split(':')[0]).slice(0, 3)).toEqual([
        'column "id" is left out',
        'column "when" is left out',
        'column "none" is left out',
      ]);
    }
    const { code, stdout, stderr } = await runIn(folder, [...train, '--dates', 'number']);
    expect(stderr).toContain('network 6-64-2');
    expect(code).toBe(0);
    expect(stdout).toContain('column \\"when\\" is read as dates: milliseconds since 1970');
  },
);

it('a file in which each row lacks a value is refused with what can be done there', async () => {
  const gaps = file('all-gaps.csv', 'x,z,y\n1,,a\n,2,b\n');
  const flags = ['--target', 'y', '--missing', 'drop', '--validation-share', '0', '--test-share', '0'];
  const trained = await callHere(['train', gaps, ...flags, '--model', at('none.safetensors')]);
  const what =
    "in 1 of 2 rows; --missing can be 'mean', which fills in what is no target; or leave columns out of --features\n";
  expect(trained.stderr).toContain(what);
  const path = await model('dropped.safetensors', 'x,z,y\n1,1,a\n2,2,b\n', { target: 'y', missing: 'drop' });
  const evaluated = await callHere(['evaluate', path, gaps]);
  expect(evaluated.stderr).toMatch(/in 1 of 2 rows\n$/);
});

describe('notes and lists on the command line', () => {
  const gaps = (option: string[]) => {
    const rows = Array.from(
      { length: 30 },
      (_, i) => `${i === 3 ? 'k.A.' : i === 4 ? 'NA' : i === 5 ? '' : i},2020-01-01,${i}.5`,
    );
    const path = file('notes.csv', ['x,day,y', ...rows].join('\n'));
    const flags = ['--target', 'y', '--missing', 'drop', '--epochs', '1', '--model', at('notes.safetensors')];
    return callHere(['train', path, ...flags, ...option]);
  };

  it('name options as they are written there', async () => {
    const { stderr } = await gaps(['--missing-values', 'default,k.A.']);
    expect(stderr).toContain(
      'column "day" is left out: it has dates, such as "2020-01-01"; --dates number reads them as numbers\n',
    );
    expect(stderr).toContain('23 to train (1 more dropped for missing values)');
    expect((await gaps([])).stderr).toContain('list them in --missing-values default,...; if');
  });

  it('may have an empty text among those that mean a missing value', async () => {
    expect((await gaps(['--missing-values', ',NA,k.A.'])).stderr).toContain(
      '23 to train (1 more dropped for missing values)',
    );
    expect((await gaps(['--missing-values', 'NA,k.A.'])).stderr).toContain('got ""');
  });
});
