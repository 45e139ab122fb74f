import type { Dataset } from 'gradpool';
import {
  applyEncoding,
  DataTable,
  type EncodeOptions,
  type Encoding,
  encodeRows,
  encodeTable,
  Network,
  Normalization,
  type RawRow,
  readDataset,
  readTable,
  tableFromRows,
  Trainer,
} from 'gradpool';
import { describe, expect, it } from 'vitest';
import { MISSING_TEXTS } from '../../dist/src/data/number-text.js';
import { badData, badFile } from './bad.ts';
import { Random } from '#src/core/random.js';

const PEOPLE = `age,city,score,y
20,Bern,0.5,no
30,Basel,,yes
NA,Bern,1.5,yes
50,,2.5,no
60,Chur,3.5,?
`;
const read = (text: string) => readTable(Buffer.from(text), { format: 'csv' });
const people = await read(PEOPLE);
const patterns = (dataset: Dataset) => Array.from({ length: dataset.length }, (_, i) => dataset.pattern(i));
const encode = (text: string, options: EncodeOptions) => read(text).then((table) => encodeTable(table, options));

describe('missing values', () => {
  it("'error' names the first, in the order of the file", () => {
    expect(() => encodeTable(people, { target: 'y' })).toThrow(
      badData('"path", line 3, column "score": has no value; "missing" can be \'drop\' or \'mean\''),
    );
  });

  it('what counts as missing is shown, and where that is chosen', () => {
    const rows = [
      { x: 1, y: 0.5 },
      { x: 'None', y: 1.5 },
      { x: 'n/a', y: 2.5 },
      { x: '', y: 3.5 },
    ];
    const choose = 'what counts is chosen with "missingValues" (--missing-values in the program)';
    expect(() => encodeTable(tableFromRows(rows), { target: 'y' })).toThrow(
      badData(
        `rows[1], column "x": has no value: "None", "n/a" count as missing; "missing" can be 'drop' or 'mean'; ${choose}`,
      ),
    );
    const { encoding } = encodeTable(tableFromRows(rows.slice(0, 1)), { target: 'y', task: 'regression' });
    expect(() => encodeRows(encoding, [[2], ['-']])).toThrow(
      badData(
        'rows[1], column "x": has no value: "-" counts as missing; "missing" can be \'drop\', or \'mean\' where that was so in ' +
          'training; what counts is chosen in training ("missingValues", gradpool train --missing-values)',
      ),
    );
  });

  it("'drop' leaves rows out, and their categories", () => {
    const { dataset, encoding } = encodeTable(people, { target: 'y', missing: 'drop', classes: ['no', 'yes'] });
    expect(patterns(dataset)).toEqual([{ inputs: [20, 1, 0.5], targets: [0] }]);
    expect(encoding).toMatchObject({
      inputs: [{ kind: 'numeric', fill: null }, { categories: ['Bern'], fill: null }, { name: 'score' }],
      training: { rows: 1, dropped: 4, filled: {} },
    });
  });

  it("'mean' fills means and the most frequent category, and leaves out rows without a target", () => {
    const { dataset, encoding } = encodeTable(people, { target: 'y', missing: 'mean' });
    expect(patterns(dataset)).toEqual([
      { inputs: [20, 0, 1, 0.5], targets: [0] },
      { inputs: [30, 1, 0, 1.5], targets: [1] },
      { inputs: [expect.closeTo(100 / 3, 5), 0, 1, 1.5], targets: [1] },
      { inputs: [50, 0, 1, 2.5], targets: [0] },
    ]);
    expect(encoding).toEqual({
      format: 'gradpool-encoding',
      version: 1,
      task: 'classification',
      inputs: [
        { name: 'age', kind: 'numeric', fill: 100 / 3 },
        { name: 'city', kind: 'categorical', numbers: false, categories: ['Basel', 'Bern'], fill: 'Bern' },
        { name: 'score', kind: 'numeric', fill: 1.5 },
      ],
      inputSize: 4,
      targets: [{ name: 'y', kind: 'categorical', numbers: false, categories: ['no', 'yes'], fill: null }],
      outputSize: 2,
      classes: ['no', 'yes'],
      missing: 'mean',
      unknown: 'error',
      missingValues: MISSING_TEXTS,
      training: { rows: 4, dropped: 1, filled: { age: 1, city: 1, score: 1 } },
    });
    expect(JSON.parse(JSON.stringify(encoding))).toEqual(encoding);
  });

  it('what is measured is measured on the training rows only', async () => {
    const { encoding } = await encode('x,y\n1,0\n3,1\n,0\n', { target: 'y', missing: 'mean' });
    const test = applyEncoding(encoding, await read('x,y\n100,0\n,1\n'));
    expect(patterns(test).map(({ inputs }) => inputs[0])).toEqual([100, 2]);
    const [train, rest] = (await read('x,y\n' + '1,0\n3,1\n'.repeat(50))).split(0.8, { seed: 3 });
    expect([train.rows, rest.rows]).toEqual([80, 20]);
    expect(rest.place(0)).toMatch(/^"path", line \d+$/);
  });

  it('a table without a complete row: which columns are at fault', async () => {
    const gaps = 'a,b,y\n,1,0\n3,,1\n';
    await expect(encode(gaps, { target: 'y', missing: 'drop' })).rejects.toEqual(
      badData(
        'expected at least one row in which no value is missing, got none: there is no value of "a" in 1 of 2 rows, of "b" in 1 of 2 rows',
      ),
    );
    const other = await read('a,b,y\n1,1,\n2,2,\n');
    const { encoding } = await encode('a,b,y\n1,1,0\n2,2,1\n', { target: 'y', missing: 'mean' });
    expect(() => applyEncoding(encoding, other)).toThrow(
      badData('expected at least one row that has a target, got none: there is no value of "y" in 2 of 2 rows'),
    );
  });
});

describe('the task', () => {
  const column = (values: readonly (number | string)[]) => values.map((y, i) => `${i},${y}`).join('\n');
  it.each([
    ['texts', ['b', 'a', 'b'], 'classification', ['a', 'b']],
    ['few integers', [10, 2, 10, 2], 'classification', ['2', '10']],
    ['negative integers', [-1, 1, 1, -1], 'classification', ['-1', '1']],
    ['integers that are all different', [1, 2, 3, 4], 'regression', []],
    ['one integer', [1, 1, 1, 1], 'regression', []],
    ['21 integers', Array.from({ length: 63 }, (_, i) => i % 21), 'regression', []],
    [
      '20 integers',
      Array.from({ length: 40 }, (_, i) => i % 20),
      'classification',
      Array.from({ length: 20 }, (_, i) => String(i)),
    ],
    ['numbers', [0.5, 1, 1, 0.5], 'regression', []],
  ])('%s', async (_, values, task, classes) => {
    const { encoding } = await encode(`x,y\n${column(values)}\n`, { target: 'y' });
    expect(encoding).toMatchObject({ task, classes });
  });

  it('can be forced either way', async () => {
    const text = 'x,y\n1,3\n2,5\n3,3\n4,5\n';
    const regression = await encode(text, { target: 'y', task: 'regression' });
    expect(regression.encoding).toMatchObject({ task: 'regression', outputSize: 1, classes: [] });
    expect(patterns(regression.dataset)[1]).toEqual({ inputs: [2], targets: [5] });
    const classes = await encode('x,y\n1,3\n2,5\n', { target: 'y', task: 'classification' });
    expect(classes.encoding.classes).toEqual(['3', '5']);
    const more = await encode(text, { target: 'y', classes: [5, 4, 3] });
    expect(more.encoding).toMatchObject({ classes: ['5', '4', '3'], outputSize: 3 });
    expect(patterns(more.dataset).map(({ targets }) => targets[0])).toEqual([2, 0, 2, 0]);
    await expect(encode(text, { target: 'y', classes: [5, 4] })).rejects.toEqual(
      badData('line 2, column "y": expected one of "5", "4", got "3"'),
    );
  });

  it('several targets', async () => {
    const text = 'a,b,x\n0,1,7\n1,1,8\n';
    const labels = await encode(text, { target: ['a', 'b'] });
    expect(labels.encoding).toMatchObject({ task: 'multi-label', outputSize: 2, inputSize: 1 });
    expect(patterns(labels.dataset)).toEqual([
      { inputs: [7], targets: [0, 1] },
      { inputs: [8], targets: [1, 1] },
    ]);
    expect((await encode(text, { target: ['b', 'x'] })).encoding.task).toBe('regression');
    expect((await encode(text, { target: ['a', 'b'], task: 'regression' })).encoding.task).toBe('regression');
    expect((await encode(text, { target: 'a', task: 'multi-label' })).encoding.outputSize).toBe(1);
    await expect(encode(text, { target: ['b', 'x'], task: 'multi-label' })).rejects.toEqual(
      badData('line 2, column "x": expected 0 or 1, got 7'),
    );
    await expect(encode('a,b,x\nu,1,7\n', { target: ['a', 'b'] })).rejects.toEqual(
      badData('column "a": expected numbers'),
    );
  });
});

describe('inputs', () => {
  it('columns of numbers can be names', async () => {
    const text = 'zip,x,y\n3000,1,0\n4000,2,1\n3000,3,1\n';
    const { encoding, dataset } = await encode(text, { target: 'y', categorical: ['zip'] });
    expect(encoding.inputs[0]).toMatchObject({ kind: 'categorical', numbers: true, categories: ['3000', '4000'] });
    expect(patterns(dataset)[1]!.inputs).toEqual([0, 1, 2]);
    expect(dataset.storage.inputs.values).toBeInstanceOf(Uint8Array);
    for (const zip of [4000, '4000', '4000.0', 4000n]) {
      expect(Array.from(encodeRows(encoding, [{ zip, x: 9 }]).inputs)).toEqual([0, 1, 9]);
    }
  });

  it('categories can be given; others are an error or nothing', async () => {
    const text = 'c,y\nu,0\nv,1\nw,1\n';
    const categories = { c: ['v', 'u'] };
    await expect(encode(text, { target: 'y', categories })).rejects.toEqual(
      badData('line 4, column "c": expected one of "v", "u", got "w"'),
    );
    const { dataset } = await encode(text, { target: 'y', categories, unknown: 'zeros' });
    expect(patterns(dataset).map(({ inputs }) => inputs)).toEqual([
      [0, 1],
      [1, 0],
      [0, 0],
    ]);
    const names = 'c,y\n' + Array.from({ length: 1001 }, (_, i) => `name ${i},${i % 2}\n`).join('');
    await expect(encode(names, { target: 'y', features: ['c'] })).rejects.toEqual(
      badData('has 1001 categories, which are more than 1000'),
    );
  });

  it.each([
    ['bytes', '1,2\n3,255', Uint8Array],
    ['integers with sign', '-1,2\n3,300', Int16Array],
    ['numbers as they are written', '0.1,2\n0.7,3', Float32Array],
    ['a constant', '0.1,2\n0.1,3', Float32Array],
    ['seconds of one day', '1700000000.5,0.1\n1700086400.5,0.2', Float64Array],
    ['milliseconds of a month', '1700000000000,0.1\n1702592000000,0.2', Float64Array],
    ['tiny numbers', '1e-84,0.1\n3e-84,0.2', Float64Array],
    ['a tiny number among others', '1e-84,0.1\n1,0.2', Float32Array],
    ['a large constant', '98765.4,0.1\n98765.4,0.2', Float64Array],
  ])('%s are stored as narrow as is good enough, in shared memory', async (_, rows, Type) => {
    const { dataset } = await encode(`a,b,y\n${rows.replaceAll('\n', ',0\n')},1\n`, { target: 'y' });
    const { values } = dataset.storage.inputs;
    expect(values).toBeInstanceOf(Type);
    expect(values.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  it('a file with texts where the training rows had numbers', async () => {
    const { encoding } = await encode('x,y\n1,0\n2,1\n', { target: 'y' });
    const other = await read('x,y\n1,0\nabc,1\n');
    expect(() => applyEncoding(encoding, other)).toThrow(
      badData('line 3, column "x": expected a finite number, got "abc"'),
    );
    await expect(readTable(Buffer.from('x\n1\nabc\n'), { format: 'csv', encoding })).rejects.toEqual(
      badFile('line 3, column "x": expected a number, got "abc"'),
    );
  });

  it('a file is read as the encoding needs it', async () => {
    const { encoding } = await encode('code,x,y\n007,1,a\nb,2,b\n', { target: 'y' });
    const table = await readTable(Buffer.from('note,x,code\nn,5,007\n'), { format: 'csv', encoding });
    expect(table.names).toEqual(['x', 'code']);
    expect(Array.from(encodeRows(encoding, table).inputs)).toEqual([1, 0, 5]);
    expect(() => applyEncoding(encoding, table)).toThrow(badData('has no column "y"; it has "x", "code"'));
    const options = { format: 'csv', encoding, columns: ['x'] } as const;
    await expect(readTable(Buffer.from(''), options)).rejects.toThrow('"columns" follows from "encoding"');
  });

  it('infinity is refused', () => {
    const table = tableFromRows([
      { x: 1, y: 0 },
      { x: Infinity, y: 1 },
    ]);
    expect(() => encodeTable(table, { target: 'y' })).toThrow(badData('rows[1], column "x": expected a finite number'));
  });
});

describe('rows', () => {
  const { encoding } = encodeTable(people, { target: 'y', missing: 'mean', unknown: 'zeros' });

  it('objects and lists are encoded as the file was', () => {
    const rows: RawRow[] = [
      { age: 20, city: 'Bern', score: 0.5 },
      { score: '1.5', age: ' 30', city: 'Basel', other: 5 },
      [null, '?', NaN],
      [true, 'Genf', 2],
    ];
    const { inputs, inputSize, rows: kept } = encodeRows(encoding, rows);
    expect(inputSize).toBe(4);
    expect(Array.from(kept)).toEqual([0, 1, 2, 3]);
    const expected = [20, 0, 1, 0.5, 30, 1, 0, 1.5, 100 / 3, 0, 1, 1.5, 1, 0, 0, 2];
    expect(Array.from(inputs)).toEqual(expected);
  });

  it('policies can differ from those of the training', () => {
    const rows = [
      { age: null, city: 'Genf', score: 1 },
      { age: 1, city: 'Bern', score: 1 },
    ];
    expect(Array.from(encodeRows(encoding, rows, { missing: 'drop' }).rows)).toEqual([1]);
    expect(() => encodeRows(encoding, rows, { missing: 'error' })).toThrow(
      badData('rows[0], column "age": has no value'),
    );
    expect(() => encodeRows(encoding, rows, { unknown: 'error' })).toThrow(
      badData('rows[0], column "city": expected one of "Basel", "Bern", got "Genf"'),
    );
  });

  it('what is wrong is told', () => {
    expect(() => encodeRows(encoding, [{ age: 1, city: 'Bern' }])).toThrow(
      badData('rows[0], column "score": is not there'),
    );
    expect(() => encodeRows(encoding, [[1, 'Bern']])).toThrow(badData('rows[0]: expected 3 values, got 2'));
    expect(() => encodeRows(encoding, [{ age: 'old', city: 'Bern', score: 1 }])).toThrow(
      badData('rows[0], column "age": expected a number, got "old"'),
    );
    expect(() => encodeRows(encoding, [{ age: [], city: 'Bern', score: 1 } as never])).toThrow(badData('column "age"'));
    expect(() => encodeRows(encoding, [])).toThrow('"rows" expected at least one row');
    expect(() => encodeRows(encoding, 5 as never)).toThrow(TypeError);
    expect(() => encodeRows(encoding, [], { missing: 'mode' as never })).toThrow(RangeError);
  });

  it('an encoding that is not sound is refused', () => {
    const broken: [(copy: Record<string, unknown>) => void, RegExp][] = [
      [(c) => (c.format = 'x'), /encoding.format/],
      [(c) => (c.inputSize = 5), /"encoding.inputSize" expected 4, what its inputs add up to, got 5/],
      [(c) => (c.classes = ['no']), /encoding.classes/],
      [(c) => (c.task = 'regression'), /encoding.targets/],
      [(c) => (c.outputSize = 3), /encoding.outputSize/],
      [(c) => (c.inputs = [{ name: 'a', kind: 'text' }]), /encoding.inputs\[0\].kind/],
      [(c) => ((c.inputs as { fill: unknown }[])[1]!.fill = 'Genf'), /encoding.inputs\[1\].fill/],
    ];
    for (const [spoil, message] of broken) {
      const copy = structuredClone(encoding) as unknown as Record<string, unknown>;
      spoil(copy);
      expect(() => encodeRows(copy as unknown as Encoding, [])).toThrow(message);
    }
  });

  it('tables are made of rows, too', () => {
    const day = new Date(5);
    const table = tableFromRows(
      [
        { a: 1, b: 'x', c: true, d: day },
        { a: null, b: '', c: false, d: day },
      ],
      { categorical: ['c'] },
    );
    expect(table).toBeInstanceOf(DataTable);
    expect([table.row(0), table.row(1)]).toEqual([
      { a: 1, b: 'x', c: 'true', d: 5 },
      { a: null, b: null, c: 'false', d: 5 },
    ]);
    expect(tableFromRows([['007'], ['x']]).column('c1')).toMatchObject({ categories: ['007', 'x'] });
    expect(() => tableFromRows([{ a: 1 }, {}])).toThrow(badData('rows[1], column "a": is not there'));
  });
});

describe('a column of weights', () => {
  const WEIGHTED = 'x,w,y\n1,0.5,a\n2,,b\n3,2,a\n4,0,b\n';
  const weights = (dataset: Dataset) => patterns(dataset).map(({ weight }) => weight);

  it('is no input; a row without a weight is left out, or an error', async () => {
    const { dataset, encoding } = await encode(WEIGHTED, { target: 'y', weights: 'w', missing: 'mean' });
    expect(encoding.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(patterns(dataset).map(({ inputs: [x] }) => x)).toEqual([1, 3, 4]);
    expect(weights(dataset)).toEqual([0.5, 2, 0]);
    await expect(encode(WEIGHTED, { target: 'y', weights: 'w' })).rejects.toThrow(
      badData('"path", line 3, column "w": has no value'),
    );
  });

  it('is asked for again where an encoding is applied', async () => {
    const { encoding } = await encode(WEIGHTED, { target: 'y', weights: 'w', missing: 'drop' });
    const other = await read('y,x,importance\na,7,3\n');
    expect(weights(applyEncoding(encoding, other))).toEqual([undefined]);
    expect(weights(applyEncoding(encoding, other, { weights: 'importance' }))).toEqual([3]);
    expect(() => applyEncoding(encoding, other, { weights: 'w' })).toThrow(badData('has no column "w"'));
  });

  it('what is wrong is told', async () => {
    const negative = 'x,w,y\n1,0.5,a\n2,-1,b\n';
    await expect(encode(negative, { target: 'y', weights: 'w' })).rejects.toThrow(
      badData('"path", line 3, column "w": expected a weight of at least 0, got -1'),
    );
    await expect(encode(negative, { target: 'w', weights: 'y' })).rejects.toThrow(
      badData('"path", line 2, column "y": expected a finite number, got "a"'),
    );
    await expect(encode(negative, { target: 'y', weights: 'y' })).rejects.toThrow(
      '"weights" expected a name that is not in "target" or "features" too, got "y"',
    );
    await expect(encode(negative, { target: 'y', features: ['x', 'w'], weights: 'w' })).rejects.toThrow(RangeError);
  });
});

it('wrong options are refused', () => {
  const wrong = (options: unknown) => () => encodeTable(people, options as EncodeOptions);
  expect(wrong({})).toThrow('"target" expected name or list of names, got undefined');
  expect(wrong({ target: [] })).toThrow(RangeError);
  expect(wrong({ target: 'z' })).toThrow(badData('has no column "z"; it has "age", "city", "score", "y"'));
  expect(wrong({ target: 'y', features: ['y'] })).toThrow('not in "target" too');
  expect(wrong({ target: 'y', features: ['q'] })).toThrow(badData('has no column "q"'));
  expect(wrong({ target: 'y', categorical: ['q'] })).toThrow(badData('has no column "q"'));
  expect(wrong({ target: 'y', missing: 'skip' })).toThrow(/"missing" expected one of 'error', 'drop', 'mean'/);
  expect(wrong({ target: ['y', 'age'], task: 'classification' })).toThrow('one name for a classification');
  expect(wrong({ target: 'y', classes: ['a'] })).toThrow('"classes" expected at least 2, got 1');
  expect(wrong({ target: 'y', task: 'regression', classes: ['a', 'b'] })).toThrow('"classes" are for a classification');
  expect(() => encodeTable({} as never, { target: 'y' })).toThrow('"table" expected DataTable');
});

it('from a file of mixed columns to predictions for raw rows', { timeout: 60_000 }, async () => {
  const random = new Random(4);
  const cities = { Bern: 2, Basel: -2, Chur: 0 };
  const lines = Array.from({ length: 600 }, () => {
    const city = Object.keys(cities)[Math.floor(3 * random.uniform())] as keyof typeof cities;
    const x = 200 + 50 * random.normal();
    return `${x.toFixed(1)},${city},${(x - 200) / 50 + cities[city] > 0 ? 'hot' : 'cold'}`;
  });
  const text = ['x,city,label', ...lines, ',Bern,hot'].join('\n');
  const { dataset, encoding } = await readDataset(
    Buffer.from(text),
    { target: 'label', missing: 'mean' },
    { format: 'csv' },
  );
  const [train, test] = dataset.split(0.8, { seed: 1 });
  const network = new Network({
    inputs: encoding.inputSize,
    layers: [
      { units: 12, activation: 'tanh' },
      { units: encoding.outputSize, activation: 'softmax' },
    ],
    normalization: Normalization.fit(train, { inputs: 'z-score' }),
    seed: 1,
  });
  await using trainer = await Trainer.create(network, { workers: 2, batchSize: 16, learningRate: 0.2 });
  await trainer.fit(train, { epochs: 20 });
  expect(network.evaluate(test).accuracy).toBeGreaterThan(0.93);
  const kept = JSON.parse(JSON.stringify(encoding)) as Encoding;
  const { inputs } = encodeRows(kept, [
    { x: 150, city: 'Bern' },
    { x: 250, city: 'Basel' },
    { x: 260, city: 'Chur' },
    { x: null, city: 'Bern' },
  ]);
  const outputs = network.predict(inputs);
  const classes = [0, 1, 2, 3].map((r) => kept.classes[outputs[2 * r]! > outputs[2 * r + 1]! ? 0 : 1]);
  expect(classes).toEqual(['hot', 'cold', 'hot', 'hot']);
});

describe('a slip of the pen in a column of numbers', () => {
  const lines = (slip: string) =>
    `x,y\n${Array.from({ length: 40 }, (_, i) => `${i === 7 ? slip : i / 4},${i % 2 ? 'a' : 'b'}`).join('\n')}\n`;

  it('is an error that shows it, and says what can be done', async () => {
    await expect(encode(lines('oops'), { target: 'y' })).rejects.toMatchObject({
      code: 'ERR_BAD_DATA',
      message: expect.stringContaining(
        'column "x": expected numbers, which 39 of 40 values are, got "oops": correct them, list them in "missingValues" (--missing-values default,... in the program); if they are names, list the column in "categorical" (--categorical in the program)',
      ) as string,
    });
    await expect(encode(lines('oops'), { target: 'x' })).rejects.toMatchObject({ code: 'ERR_BAD_DATA' });
  });

  it('is a category where that was asked for, or where numbers are the smaller part', async () => {
    const { encoding } = await encode(lines('oops'), { target: 'y', categorical: ['x'] });
    expect(encoding.inputSize).toBe(40);
    const few = (x: (i: number) => string | number) =>
      `x,y\n${Array.from({ length: 40 }, (_, i) => `${x(i)},${i}`).join('\n')}\n`;
    expect(
      (
        await encode(
          few((i) => (i % 2 ? 'none' : 1 + (i % 5))),
          { target: 'y' },
        )
      ).encoding.inputSize,
    ).toBe(6);
    for (const x of [
      (i: number) => (i === 7 ? 'none' : 1 + (i % 5)),
      (i: number) => (i % 5 < 2 ? 'n.d.' : i / 4),
      (i: number) => (i % 5 < 2 ? `below${i}` : i % 2),
      (i: number) => (i % 4 ? 'below' : i / 4),
    ])
      await expect(encode(few(x), { target: 'y' })).rejects.toThrow(
        /"x": expected numbers, which \d+ of 40 values are/,
      );
  });

  it('is a word for what is not finite, however few numbers there are', async () => {
    for (const word of ['inf', '-Infinity', 'NAN']) {
      const mixed = `x,y\n${Array.from({ length: 40 }, (_, i) => `${i % 4 ? i % 3 : word},${i % 2 ? 'a' : 'b'}`).join('\n')}\n`;
      await expect(encode(mixed, { target: 'y' })).rejects.toEqual(
        badData(`line 2, column "x": expected numbers, which 30 of 40 values are, got "${word}": correct them`),
      );
      expect((await encode(mixed, { target: 'y', categorical: ['x'] })).encoding.inputSize).toBe(4);
    }
    const words = 'x,y\ninf,a\nfinite,b\n1,a\n';
    expect((await encode(words, { target: 'y' })).encoding.inputSize).toBe(3);
  });
});

describe('a decimal comma', () => {
  const table = (value: (i: number) => string) =>
    `x;k;y\n${Array.from({ length: 40 }, (_, i) => `${value(i)};${i};${i % 2 ? 'a' : 'b'}`).join('\n')}\n`;
  const encodeFile = async (text: string, options: EncodeOptions) =>
    encodeTable(await readTable(Buffer.from(text), { format: 'csv', delimiter: ';' }), options);

  it.each([
    ['in all numbers', (i: number) => `${i},5`, 2, '"0,5", "1,5", "2,5"'],
    ['in most, beside texts', (i: number) => (i < 15 ? 'none' : `-${i % 5},25`), 17, '"-0,25", "-1,25", "-2,25"'],
    ['in a few, beside whole numbers', (i: number) => (i === 6 ? '7,5e3' : String(i)), 8, '"7,5e3"'],
    ['behind thousands', (i: number) => `1.${100 + i},5`, 2, '"1.100,5"'],
    ['in place of the separator of thousands', (i: number) => `${i + 1},000.5`, 2, '"1,000.5"'],
  ])('%s is an error, in an input and in the target', async (_, value, line, got) => {
    const message = new RegExp(
      `line ${line}, column "x": expected numbers, got ${got.replaceAll('.', '\\.')}.*: numbers need a decimal point`,
    );
    await expect(encodeFile(table(value), { target: 'y' })).rejects.toThrow(message);
    await expect(encodeFile(table(value), { target: 'x' })).rejects.toThrow(message);
    await expect(encodeFile(table(value), { target: 'x', features: ['k'] })).rejects.toMatchObject({
      code: 'ERR_BAD_DATA',
    });
  });

  it('is part of a name where that was said, or where few have one', async () => {
    const names = table((i) => `${i % 3},5`);
    expect((await encodeFile(names, { target: 'y', categorical: ['x'] })).encoding.inputSize).toBe(4);
    expect((await encodeFile(names, { target: 'x', classes: ['0,5', '1,5', '2,5'] })).encoding.outputSize).toBe(3);
    expect(
      (
        await encodeFile(
          table((i) => (i % 3 ? `size ${i % 3}` : '1,5')),
          { target: 'y' },
        )
      ).encoding.inputSize,
    ).toBe(4);
  });

  it('is named where a column has to be one of numbers', async () => {
    await expect(
      readTable(Buffer.from('a;b\n1;2,5\n'), { format: 'csv', delimiter: ';', numeric: ['b'] }),
    ).rejects.toEqual(badFile('line 2, column "b": expected a number, got "2,5": numbers need a decimal point'));
  });
});

describe('a category that the training rows do not have', () => {
  const apply = async (values: (i: number) => string, other: string) => {
    const lines = Array.from({ length: 120 }, (_, i) => `${values(i)},${i % 2 ? 'a' : 'b'}`);
    const { encoding } = await encode(`x,y\n${lines.join('\n')}\n`, { target: 'y' });
    return applyEncoding(encoding, await read(`x,y\n${other},a\n`));
  };

  it('is said to be that', async () => {
    await expect(apply((i) => `c${i % 2}`, 'c2')).rejects.toEqual(
      badData('expected one of "c0", "c1", got "c2", which is not among the categories of the training rows'),
    );
    await expect(apply((i) => `c${i % 2}`, 'c2')).rejects.not.toThrow(/features/);
  });

  it('in a column of dates, ids or free text: what to do', async () => {
    for (const different of [51, 100])
      await expect(apply((i) => `id ${i % different}`, 'id 200')).rejects.toEqual(
        badData(
          `: the column is text with ${different} different values; if it is a date, an id or free text, leave it out with "features" (--features in the program)`,
        ),
      );
  });

  it('is a slip where the others are numbers', async () => {
    const rows = await read('x,y\n1,a\n2,b\n3,a\noops,b\n');
    const { encoding } = encodeTable(rows.select(Uint32Array.of(0, 1, 2)), { target: 'y' });
    expect(() => applyEncoding(encoding, rows)).toThrow(
      badData('got "oops", which is not among the categories of the training rows: the others are numbers; correct it'),
    );
  });
});
