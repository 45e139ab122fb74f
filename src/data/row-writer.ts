import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { type FileHandle, open, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GradpoolError } from '../core/errors.ts';
import { AsideFile } from '../core/output-file.ts';
import { outputPlace } from '../core/output-place.ts';
import type { Columns } from '../core/table.ts';
import type { Encoding } from './encoding.ts';
import { RowFile } from './row-file.ts';
import { footerBytes, type RowFooter } from './row-footer.ts';
import { bufferBytes, columnsOver, type PatternColumns, type RowLayout, rowBytes, typeName } from './row-layout.ts';
import { PatternMoments } from './row-statistics.ts';

/** Where stored patterns go: a file that is kept, or a folder for one that nobody sees and that is gone when it is closed. */
export type RowPlace = { readonly path: string } | { readonly folder: string };

/** Patterns are gathered to so many bytes before they are written. */
const PIECE = 2 ** 21;

/** Writes patterns one after the other, and measures them on the way. */
export class RowWriter {
  readonly layout: RowLayout;
  readonly #place: RowPlace;
  readonly #handle: FileHandle;
  /** Of a file that is kept. */
  readonly #aside: AsideFile | undefined;
  readonly #moments: PatternMoments;
  readonly #bytes: Uint8Array;
  readonly #patterns: PatternColumns;
  readonly #room: number;
  #filled = 0;
  #rows = 0;
  /** Once it is complete. */
  #about: RowFooter | undefined;

  private constructor(layout: RowLayout, place: RowPlace, handle: FileHandle, aside?: AsideFile) {
    this.layout = layout;
    this.#place = place;
    this.#handle = handle;
    this.#aside = aside;
    this.#moments = new PatternMoments(layout.inputs.size, layout.targets.size);
    this.#room = Math.max(1, Math.floor(PIECE / rowBytes(layout)));
    this.#bytes = new Uint8Array(bufferBytes(layout, this.#room));
    this.#patterns = columnsOver(layout, this.#bytes.buffer, this.#room);
  }

  /**
   * A file in a folder loses its name at once: whatever becomes of the process, nothing of it is left.
   * @param expected - how many patterns there will be, if that is known
   * @throws GradpoolError ERR_DOES_NOT_FIT where the disk has no room for them; what `node:fs` throws
   */
  static async create(layout: RowLayout, place: RowPlace, expected: number | undefined): Promise<RowWriter> {
    const folder = 'path' in place ? dirname(place.path) : place.folder;
    if (expected !== undefined) await checkDisk(folder, expected * rowBytes(layout));
    if ('path' in place) {
      const aside = await besideOf(place.path);
      return new RowWriter(layout, place, aside.handle, aside);
    }
    const path = join(folder, `.gradpool-${randomBytes(6).toString('hex')}.rows`);
    const handle = await open(path, 'wx+');
    await rm(path);
    return new RowWriter(layout, place, handle);
  }

  /**
   * Adds copies of patterns; the file's types hold their numbers.
   * @param rows - which of the columns' rows, in order
   */
  append({ inputs, targets, weights }: PatternColumns, rows: Uint32Array): void {
    const to = this.#patterns;
    for (let from = 0; from < rows.length;) {
      const part = rows.subarray(from, from + this.#room - this.#filled);
      copyRows(inputs, part, to.inputs, this.#filled);
      copyRows(targets.columns, part, to.targets.columns, this.#filled);
      if (weights && to.weights) copyRows(weights, part, to.weights, this.#filled);
      this.#filled += part.length;
      from += part.length;
      if (this.#filled === this.#room) this.#flush();
    }
  }

  /**
   * Writes what is left, and what is to be known of the rows: what may fail for want of room is over then.
   * @throws RangeError where there are no rows
   */
  async complete(encoding: Encoding | undefined): Promise<void> {
    if (this.#filled > 0) this.#flush();
    if (this.#rows === 0) throw new RangeError('"rows" expected at least one pattern, got none');
    this.#about = { rows: this.#rows, layout: this.layout, statistics: this.#moments.take(), encoding };
    if ('folder' in this.#place) return;
    await this.#handle.appendFile(footerBytes(this.#about));
    await this.#handle.sync();
  }

  /** The complete file, ready to be read, under its name. */
  async publish(): Promise<RowFile> {
    if ('folder' in this.#place) return RowFile.of(`the rows in ${this.#place.folder}`, this.#handle, this.#about!);
    await this.#aside!.publish();
    return RowFile.of(this.#place.path, this.#handle, this.#about!);
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    await (this.#aside ? this.#aside.discard() : this.#handle.close());
  }

  /** Parsers hand over rows without waiting, so neither does this: what waits in memory would have no bound. */
  #flush(): void {
    this.#moments.add(this.#patterns.inputs, this.#patterns.targets.columns, this.#filled);
    const bytes = this.#bytes.subarray(0, this.#filled * rowBytes(this.layout));
    for (let done = 0; done < bytes.length;) done += writeSync(this.#handle.fd, bytes, done);
    this.#rows += this.#filled;
    this.#filled = 0;
  }
}

/** @throws RangeError where there is something from which rows cannot be read again */
function besideOf(path: string): Promise<AsideFile> {
  const place = outputPlace('path', path);
  if (place.kind === 'file') return AsideFile.create(place.path, place.before);
  throw new RangeError(`"path" expected the path of a file, from which rows can be read again, but ${path} is none`);
}

/** How patterns like these are stored. */
export function layoutOf({ inputs, targets, weights }: PatternColumns, inputScale: number): RowLayout {
  const { flat, columns } = targets;
  return {
    inputs: { type: typeName(inputs.values), size: inputs.size },
    inputScale,
    targets: { type: typeName(columns.values), size: columns.size },
    flat,
    weighted: weights !== undefined,
  };
}

function copyRows(from: Columns, rows: Uint32Array, to: Columns, at: number): void {
  for (let r = 0; r < rows.length; r++) {
    const s = rows[r]! * from.stride;
    const t = (at + r) * to.stride;
    for (let c = 0; c < to.size; c++) to.values[t + c] = from.values[s + c]!;
  }
}

async function checkDisk(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes) return;
  throw new GradpoolError(
    'ERR_DOES_NOT_FIT',
    `${bytes} bytes of rows do not fit on the disk of ${folder}, which has ${bavail * bsize} free: name another "folder"`,
  );
}
