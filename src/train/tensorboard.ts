import { mkdir, open, readdir, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { finite, integer, options, text, wrongType } from '../core/checks.ts';
import { GradpoolError } from '../core/errors.ts';
import { encodeScalars, encodeStart, encodeVersion, frame } from './event-record.ts';
import { scalarsOf } from './history.ts';
import type { TrainingCallback } from './callbacks.ts';
import type { EpochReport } from './report.ts';

/** Files of one process in one second have to differ in their names. */
let files = 0;

/** When the latest file of a folder was begun, by its name; files are read in the order of their names. */
async function latestIn(folder: string): Promise<number> {
  const names = await readdir(folder);
  return Math.max(0, ...names.map((name) => Number(/^events\.out\.tfevents\.(\d{10})\./.exec(name)?.[1] ?? 0)));
}

export interface TensorBoardOptions {
  /** Epochs that were trained and written before; default: the training begins. */
  afterEpochs?: number | undefined;
}

/**
 * Writes scalars into an event file, which TensorBoard shows and follows while it grows (`tensorboard --logdir FOLDER`); each folder
 * below that is a run of its own there.
 *
 * @example
 * const writer = await TensorBoardWriter.open('logs/run-1');
 * await trainer.fit(train, { epochs: 20, validation, callbacks: [writer] });
 * await writer.close();
 */
export class TensorBoardWriter implements TrainingCallback {
  /** Where the file is. */
  readonly path: string;
  /**
   * Writes what an epoch did: `loss`, `accuracy`, `validation/loss`, `validation/accuracy`, the metrics that were asked for
   * (`validation/f1`), `samplesPerSecond`, `learningRate` and `batchSize`. The step is the number of epochs that this writer was given, so that several calls of `fit` follow each other.
   */
  readonly epoch: (report: EpochReport) => Promise<void>;
  readonly #file: FileHandle;
  #epochs = 0;
  /** Records stand in the file in the order of the calls. */
  #last: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(path: string, file: FileHandle, epochs: number) {
    this.path = path;
    this.#file = file;
    this.#epochs = epochs;
    this.epoch = (report) => this.scalars(++this.#epochs, scalarsOf(report));
  }

  /**
   * Begins a new file in a folder, which is made if need be.
   * @param given - `afterEpochs`: of a training that is gone on with, as many as `trainer.resumed.history` has. The next epoch is the one after
   * them; what the folder has of it and of later ones, from before the training broke off, is not shown any more
   * @throws TypeError, RangeError naming the argument; what the file system says
   */
  static async open(folder: string, given: TensorBoardOptions = {}): Promise<TensorBoardWriter> {
    const { afterEpochs } = options<TensorBoardOptions>('options', given, ['afterEpochs']);
    if (afterEpochs !== undefined) integer('afterEpochs', afterEpochs, 0);
    await mkdir(text('folder', folder), { recursive: true });
    const now = Math.floor(Date.now() / 1000);
    const seconds = afterEpochs === undefined ? now : Math.max(now, 1 + (await latestIn(folder)));
    const name = `events.out.tfevents.${String(seconds).padStart(10, '0')}.${hostname()}.${process.pid}.${files++}`;
    const path = join(folder, name);
    const writer = new TensorBoardWriter(path, await open(path, 'wx'), afterEpochs ?? 0);
    await writer.#write(encodeVersion(Date.now() / 1000));
    if (afterEpochs !== undefined) await writer.#write(encodeStart(Date.now() / 1000, afterEpochs + 1));
    return writer;
  }

  /** As a callback of a training: writes what each epoch did. The file stays open. */
  onEpochEnd(report: EpochReport): Promise<void> {
    return this.epoch(report);
  }

  /**
   * Writes values of one step, each under its name; a `/` in it makes a group. Values are kept as float32.
   * @param step - at least 0
   * @throws TypeError, RangeError naming the argument; GradpoolError ERR_CLOSED; what the file system says
   */
  async scalars(step: number, values: Readonly<Record<string, number>>): Promise<void> {
    integer('step', step, 0);
    if (typeof values !== 'object' || values === null) throw wrongType('values', 'object of numbers', values);
    for (const [name, value] of Object.entries(values)) {
      // NaN and infinite values are what a diverged training has, and TensorBoard shows them as such.
      if (typeof value !== 'number') finite(`values.${name}`, value, -Infinity);
    }
    if (this.#closing) throw new GradpoolError('ERR_CLOSED', 'the writer is closed');
    await this.#write(encodeScalars(Date.now() / 1000, step, values));
  }

  /** Waits for what is being written, and closes the file. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#last.catch(() => undefined).then(() => this.#file.close());
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #write(event: Uint8Array): Promise<void> {
    this.#last = this.#last.then(() => this.#file.appendFile(frame(event)));
    return this.#last;
  }
}
