import { setImmediate as turn } from 'node:timers/promises';
import { GradpoolError } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import type { Affine, Columns, PassOrder, RowFactors, RowStream, Span, Table, Targets } from '../core/table.ts';
import { allocate } from '../memory/shared.ts';
import type { RowFile } from './row-file.ts';
import { bufferBytes, columnsOver } from './row-layout.ts';

/** Windows in memory: the one in use, of which some rows may be left for the next; the next; the one that is being read. */
const WINDOWS = 3;
/** Halves of the order: of the window in use, and of the next. */
const HALVES = 2;
/** Blocks that are shuffled together. */
const BLOCKS = 8;
/** Places of the order per row of a window: each half has room for a window and for what was left of the one before. */
const PLACES = 2 * HALVES;
/** Swaps of a shuffle between two turns of the event loop. */
const SWAPS = 2 ** 14;

/** How a file's rows are divided. */
export interface RingShape {
  /** Rows of a block: read in one go. */
  readonly blockRows: number;
  /** Blocks of a window: resident and shuffled together. */
  readonly blocks: number;
  /** Rows that a window has room for. */
  readonly windowRows: number;
  /** A batch is not longer than the rows that are left with one block less, so that each window completes one. */
  readonly mostBatch: number;
}

/** Bytes that each row of a window takes. */
export function bytesPerRow(rowBytes: number): number {
  return WINDOWS * rowBytes + PLACES * Uint32Array.BYTES_PER_ELEMENT;
}

/** The least memory for which there is a shape. */
export function leastMemory(rowBytes: number): number {
  return BLOCKS * bytesPerRow(rowBytes);
}

/** @param memory - bytes, at least `leastMemory` */
export function ringShape(rows: number, rowBytes: number, memory: number): RingShape {
  const blockRows = Math.floor(memory / leastMemory(rowBytes));
  const whole = BLOCKS * blockRows;
  if (rows <= whole) return { blockRows, blocks: BLOCKS, windowRows: rows, mostBatch: rows };
  return { blockRows, blocks: BLOCKS, windowRows: whole, mostBatch: whole - blockRows };
}

/** A pass under way: the order of its blocks, and where the next window begins in it. */
interface Pass {
  readonly order: PassOrder | undefined;
  readonly random: Random | undefined;
  readonly blocks: Uint32Array;
  next: number;
}

/** A window that is being read, or has been. */
interface Window {
  readonly pass: Pass;
  /** The number of its first block in the order of the pass. */
  readonly first: number;
  /** Where its rows stand in the order. */
  readonly at: number;
  /** How many there are. */
  readonly rows: Promise<number>;
}

/**
 * Goes through a file in windows of 8 blocks: the blocks of the file come in a random order, and the rows of a window are shuffled
 * (Fisher-Yates). While one window is in use the next is read. What was left of a window comes first with the next, from where it
 * lies: nothing is copied.
 */
export class RowRing implements RowStream {
  readonly table: Table;
  readonly order: Uint32Array;
  readonly #file: RowFile;
  readonly #shape: RingShape;
  readonly #bytes: Uint8Array;
  /** As they were stored. */
  readonly #weights: Columns | undefined;
  readonly #factors: RowFactors | undefined;
  /** Windows begun so far, over all passes: window i is in part i mod 3. */
  #begun = 0;
  #pass: Pass | undefined;
  #again = false;
  /** One window is read after the other. */
  #reading: Promise<unknown> = Promise.resolve();
  #ahead: Window | undefined;
  #span: Span = { from: 0, rows: 0, last: true };

  constructor(file: RowFile, shape: RingShape, affine: Affine, targets: Targets, factors: RowFactors | undefined) {
    const { layout } = file.about;
    const rows = WINDOWS * shape.windowRows;
    const buffer = allocate(bufferBytes(layout, rows));
    const columns = columnsOver(layout, buffer, rows);
    this.#file = file;
    this.#shape = shape;
    this.#bytes = new Uint8Array(buffer);
    this.#weights = columns.weights;
    this.#factors = factors;
    const weighted = columns.weights !== undefined || factors !== undefined;
    this.table = {
      inputs: columns.inputs,
      affine,
      targets: { ...targets, columns: columns.targets.columns },
      weights: weighted ? new Float32Array(allocate(rows * Float32Array.BYTES_PER_ELEMENT)) : undefined,
    };
    this.order = new Uint32Array(allocate(PLACES * shape.windowRows * Uint32Array.BYTES_PER_ELEMENT));
  }

  begin(order: PassOrder | undefined, again: boolean): void {
    const ahead = this.#ahead;
    // What was read ahead is this very pass, or of no use.
    const expected = ahead?.first === 0 && sameOrder(ahead.pass.order, order);
    this.#pass = expected ? ahead.pass : this.#passOf(order);
    if (!expected) this.#ahead = undefined;
    this.#again = again;
    this.#span = { from: 0, rows: 0, last: false };
  }

  async next(used: number): Promise<Span> {
    const pass = this.#pass!;
    const window = this.#ahead ?? this.#start(pass);
    this.#ahead = undefined;
    const rows = await window.rows;
    if (this.#pass !== pass) throw new GradpoolError('ERR_ABORTED', 'another pass has begun');
    const { from, rows: before } = this.#span;
    const left = before - used;
    this.order.copyWithin(window.at - left, from + used, from + before);
    const last = pass.next >= pass.blocks.length;
    this.#span = { from: window.at - left, rows: left + rows, last };
    if (!last) this.#ahead = this.#start(pass);
    else if (this.#again) this.#ahead = this.#start(this.#passOf(nextOrder(pass.order)));
    return this.#span;
  }

  #passOf(order: PassOrder | undefined): Pass {
    const count = Math.ceil(this.#file.about.rows / this.#shape.blockRows);
    const blocks = Uint32Array.from({ length: count }, (_, b) => b);
    const random = order && new Random(order.seed, order.stream);
    random?.shuffle(blocks);
    return { order, random, blocks, next: 0 };
  }

  /** Begins to read the next window of a pass. */
  #start(pass: Pass): Window {
    const first = pass.next;
    pass.next = Math.min(pass.blocks.length, first + this.#shape.blocks);
    const { windowRows } = this.#shape;
    const part = this.#begun % WINDOWS;
    const at = windowRows * ((PLACES / HALVES) * (this.#begun % HALVES) + 1);
    this.#begun++;
    const blocks = pass.blocks.subarray(first, pass.next);
    // Whether or not somebody waits for the window before: both would write into memory at the same time.
    const rows = this.#reading.then(() => this.#read(blocks, part * windowRows, at, pass.random));
    this.#reading = rows.catch(() => undefined);
    return { pass, first, at, rows };
  }

  /** Reads blocks into the rows from `row` on, and puts these into an order. @returns how many there are */
  async #read(blocks: Uint32Array, row: number, at: number, random: Random | undefined): Promise<number> {
    const { rowBytes, about } = this.#file;
    const { blockRows } = this.#shape;
    await this.#file.checkUnchanged();
    let count = 0;
    for (const block of blocks) {
      const first = block * blockRows;
      const rows = Math.min(blockRows, about.rows - first);
      const from = (row + count) * rowBytes;
      await this.#file.read(this.#bytes.subarray(from, from + rows * rowBytes), first);
      count += rows;
    }
    const order = this.order.subarray(at, at + count);
    for (let i = 0; i < count; i++) order[i] = row + i;
    this.#weigh(order);
    if (random !== undefined) {
      for (let last = count - 1; last > 0; last -= SWAPS) {
        random.shuffle(order, last, Math.max(0, last - SWAPS));
        await turn();
      }
    }
    return count;
  }

  /** The weights that rows were stored with, times their factors. */
  #weigh(rows: Uint32Array): void {
    const all = this.table.weights;
    if (all === undefined) return;
    const stored = this.#weights;
    const factors = this.#factors?.(this.table, rows);
    rows.forEach((row, i) => (all[row] = (factors?.[i] ?? 1) * (stored?.values[row * stored.stride] ?? 1)));
  }
}

function sameOrder(a: PassOrder | undefined, b: PassOrder | undefined): boolean {
  return a?.seed === b?.seed && a?.stream === b?.stream;
}

function nextOrder(order: PassOrder | undefined): PassOrder | undefined {
  return order && { seed: order.seed, stream: order.stream + 1 };
}
