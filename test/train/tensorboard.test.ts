// Event files byte by byte, read here by other means than they are written with; test/fixtures/read-events.py is one more reader.
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { type EpochReport, historyLine, TensorBoardWriter, Trainer, type TrainerOptions } from 'gradpool';
import { crc32c } from '#src/train/event-record.js';
import { classes, classifier, withTrainer } from './problem.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradpool-tensorboard-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Bit by bit, from the highest, over the bits turned round: no table, and the polynomial as it is printed. */
function slowCrc(bytes: Uint8Array): number {
  let crc = 0xffffffffn;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const top = (crc >> 31n) ^ BigInt((byte >> bit) & 1);
      crc = ((crc << 1n) & 0xffffffffn) ^ (top ? 0x1edc6f41n : 0n);
    }
  }
  let turned = 0n;
  for (let bit = 0n; bit < 32n; bit++) turned |= ((crc >> bit) & 1n) << (31n - bit);
  return Number(turned ^ 0xffffffffn);
}

type Field = readonly [number: number, value: bigint | Buffer];

/** The fields of a message of Protocol Buffers. */
function fields(message: Buffer): Field[] {
  const found: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = Number(varint());
    const [number, type] = [key >> 3, key & 7];
    if (type === 0) found.push([number, varint()]);
    else {
      const length = type === 1 ? 8 : type === 5 ? 4 : Number(varint());
      found.push([number, message.subarray(at, (at += length))]);
    }
  }
  return found;
}

interface Event {
  time: number;
  step: number;
  version?: string;
  scalars: Record<string, number>;
  /** A session begins, with this step. */
  start?: boolean;
}

async function readEvents(path: string): Promise<Event[]> {
  const file = await readFile(path);
  const events: Event[] = [];
  const checked = (bytes: Buffer, at: number) => {
    const crc = BigInt(slowCrc(bytes));
    const masked = (((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn;
    expect(file.readUInt32LE(at), `checksum at ${at}`).toBe(Number(masked));
  };
  for (let at = 0; at < file.length;) {
    const data = file.subarray(at + 12, at + 12 + Number(file.readBigUInt64LE(at)));
    checked(file.subarray(at, at + 8), at + 8);
    checked(data, at + 12 + data.length);
    at += data.length + 16;
    const event: Event = { time: 0, step: 0, scalars: {} };
    for (const [number, value] of fields(data)) {
      if (number === 1) event.time = (value as Buffer).readDoubleLE();
      if (number === 2) event.step = Number(value);
      if (number === 3) event.version = value.toString();
      if (number === 7) event.start = fields(value as Buffer).some(([field, status]) => field === 1 && status === 1n);
      if (number === 5)
        for (const [, one] of fields(value as Buffer)) {
          const [[, tag], [, simple]] = fields(one as Buffer) as [Field, Field];
          event.scalars[tag.toString()] = (simple as Buffer).readFloatLE();
        }
    }
    events.push(event);
  }
  return events;
}

test('the checksum is that of RFC 3720', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  expect(slowCrc(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
});

test('a file begins as those of TensorFlow do, in a folder that is made for it', async () => {
  const writer = await TensorBoardWriter.open(join(folder, 'runs', 'empty'));
  await writer.close();
  await writer.close();
  expect(basename(writer.path)).toMatch(/^events\.out\.tfevents\.\d{10}\./);
  const file = await readFile(writer.path);
  expect(file.subarray(0, 13).toString('hex')).toBe('1800000000000000a37f4b2209');
  const [event] = await readEvents(writer.path);
  expect(event).toMatchObject({ version: 'brain.Event:2', scalars: {} });
  expect(Math.abs(event!.time - Date.now() / 1000)).toBeLessThan(60);
});

test('the curves of a training are in it, over several calls of fit', async () => {
  const writer = await TensorBoardWriter.open(join(folder, 'training'));
  const reports: EpochReport[] = [];
  await withTrainer(classifier(), { workers: 1, backend: 'wasm' }, async (trainer) => {
    reports.push(...(await trainer.fit(classes(80), { epochs: 2, validation: classes(9), callbacks: [writer] })));
    reports.push(...(await trainer.fit(classes(80), { onEpoch: writer.epoch })));
  });
  await writer.close();
  const [, ...events] = await readEvents(writer.path);
  expect(events.map(({ step }) => step)).toEqual([1, 2, 3]);
  events.forEach(({ scalars }, i) => {
    const { loss, accuracy, validation, samplesPerSecond, learningRate, batchSize } = reports[i]!;
    const wanted = { loss, accuracy: accuracy!, samplesPerSecond, learningRate, batchSize };
    const checked = validation && { 'validation/loss': validation.loss, 'validation/accuracy': validation.accuracy! };
    const rounded = Object.entries({ ...wanted, ...checked }).map(([name, value]) => [name, Math.fround(value)]);
    expect(scalars).toEqual(Object.fromEntries(rounded));
  });
});

/** What TensorBoard shows of a folder: where a session begins, what was there of its step and later ones is forgotten. */
async function shownOf(directory: string): Promise<Event[]> {
  let shown: Event[] = [];
  for (const name of (await readdir(directory)).sort())
    for (const event of await readEvents(join(directory, name))) {
      if (event.start) shown = shown.filter(({ step }) => step < event.step);
      else if (event.version === undefined) shown.push(event);
    }
  return shown;
}

test('a training that is gone on with is shown once: each step, with what was trained last', async () => {
  const [logs, directory] = [join(folder, 'resumed'), join(folder, 'checkpoints')];
  const options: TrainerOptions = { workers: 1, sharedMemory: 'off', batchSize: 16 };
  const killed = await TensorBoardWriter.open(logs);
  await withTrainer(classifier(), options, async (trainer) => {
    const fit = trainer.fit(classes(80), {
      epochs: 5,
      checkpoint: { directory, everyUpdates: 10 },
      callbacks: [
        killed,
        {
          onEpochEnd({ epoch }) {
            // As if it had been killed: two epochs later than the checkpoint that is found.
            if (epoch === 4) throw new Error('killed');
          },
        },
      ],
    });
    await expect(fit).rejects.toThrow('killed');
  });
  await killed.close();
  const names = (await readdir(directory)).sort();
  const trainer = (await Trainer.resume(join(directory, names[0]!), options))!;
  const before = trainer.resumed!.history.length;
  expect(before).toBeLessThan(4);
  const writer = await TensorBoardWriter.open(logs, { afterEpochs: before });
  const history = await trainer.fit(classes(80), { epochs: 5, callbacks: [writer] });
  await Promise.all([writer.close(), trainer.close()]);
  const shown = await shownOf(logs);
  expect(shown.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5]);
  expect(shown.map(({ scalars }) => scalars['loss'])).toEqual(history.map(({ loss }) => Math.fround(loss)));
  await expect(TensorBoardWriter.open(logs, { afterEpochs: -1 })).rejects.toThrow('"afterEpochs" expected integer');
});

describe('scalars', () => {
  it('keep the order of the calls, large steps, long names and what is not finite', async () => {
    const writer = await TensorBoardWriter.open(join(folder, 'scalars'));
    const name = `größe/${'x'.repeat(200)}`;
    await Promise.all([0, 1, 127, 128, 2 ** 40].map((step, i) => writer.scalars(step, { [name]: i, inverse: 1 / i })));
    await writer.scalars(3, { loss: NaN });
    await writer.close();
    const [, ...events] = await readEvents(writer.path);
    expect(events.map(({ step }) => step)).toEqual([0, 1, 127, 128, 2 ** 40, 3]);
    expect(events.slice(0, 5).map(({ scalars }) => scalars[name])).toEqual([0, 1, 2, 3, 4]);
    expect([events[0]!.scalars['inverse'], events[5]!.scalars['loss']]).toEqual([Infinity, NaN]);
  });

  it('are checked, and not taken once the file is closed', async () => {
    const writer = await TensorBoardWriter.open(join(folder, 'checked'));
    await expect(writer.scalars(-1, {})).rejects.toThrow('"step" expected integer of at least 0, got -1');
    await expect(writer.scalars(0, { a: '1' as never })).rejects.toThrow('"values.a" expected');
    await writer.close();
    await expect(writer.scalars(0, { a: 1 })).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await expect(TensorBoardWriter.open('')).rejects.toThrow('"folder" expected string that is not empty');
  });

  it('of two writers in one folder are in two files', async () => {
    const place = join(folder, 'two');
    const writers = await Promise.all([TensorBoardWriter.open(place), TensorBoardWriter.open(place)]);
    await Promise.all(writers.map((writer) => writer.close()));
    expect(await readdir(place)).toHaveLength(2);
  });
});

test('a line of history is a report as JSON, and one line', async () => {
  const history = await withTrainer(classifier(), { workers: 1, backend: 'wasm' }, (trainer) =>
    trainer.fit(classes(80), { epochs: 3 }),
  );
  const lines = history.map(historyLine).join('').split('\n');
  expect(lines.pop()).toBe('');
  expect(lines.map((line) => JSON.parse(line) as EpochReport)).toEqual(history);
  expect(JSON.parse(historyLine({ ...history[0]!, loss: NaN }))).toMatchObject({ loss: null });
});
