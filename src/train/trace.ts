import { setImmediate as turn } from 'node:timers/promises';
import { OutputFile } from '../core/output-file.ts';
import { PHASES } from '../memory/control.ts';
import { allocate } from '../memory/shared.ts';

/** What one party may log in a run; what comes after is only counted. */
const MOST_EVENTS = 65_536;
/** Numbers of an event: phase, start and duration in ms, update. */
const WIDTH = 4;
/** Before the events: how many there are, how many were left out, and when time begins, in ms since 1970. */
const HEAD = 3;
/** So many events are written at a time, so that the event loop turns in between. */
const LINES_AT_ONCE = 2000;
const LENGTH = HEAD + MOST_EVENTS * WIDTH;

/** Room for the logs of all workers and of the coordinator. */
export function allocateTrace(workers: number): ArrayBufferLike {
  const buffer = allocate((workers + 1) * LENGTH * 8);
  const numbers = new Float64Array(buffer);
  const now = performance.timeOrigin + performance.now();
  for (let i = 0; i <= workers; i++) numbers[i * LENGTH + 2] = now;
  return buffer;
}

/** Where a worker logs its phases, or the coordinator, which comes after the last worker. Only that party writes there. */
export class PhaseLog {
  readonly #numbers: Float64Array;
  /** When this thread's clock began, in ms: threads begin to count at different times. */
  readonly #origin: number;

  constructor(buffer: ArrayBufferLike, index: number) {
    this.#numbers = new Float64Array(buffer, index * LENGTH * 8, LENGTH);
    this.#origin = performance.timeOrigin - this.#numbers[2]!;
  }

  /** Logs a phase that ended just now; times in ms of this thread's clock. Allocates nothing. */
  add(phase: number, start: number, end: number, update: number): void {
    const numbers = this.#numbers;
    const count = numbers[0]!;
    if (count === MOST_EVENTS) {
      numbers[1]!++;
      return;
    }
    const at = HEAD + count * WIDTH;
    numbers[at] = phase;
    numbers[at + 1] = this.#origin + start;
    numbers[at + 2] = end - start;
    numbers[at + 3] = update;
    numbers[0] = count + 1;
  }

  /** Takes out what was logged, while nobody logs. */
  take(): { events: Float64Array; omitted: number } {
    const [count, omitted] = [this.#numbers[0]!, this.#numbers[1]!];
    const events = this.#numbers.slice(HEAD, HEAD + count * WIDTH);
    this.#numbers.fill(0, 0, 2);
    return { events, omitted };
  }
}

/**
 * Writes a timeline in the Trace Event Format, which chrome://tracing and ui.perfetto.dev open: a thread for each worker, and in
 * it its phases. A file has its place when it is closed.
 */
export class TraceWriter {
  readonly #file: OutputFile;
  readonly #logs: readonly PhaseLog[];
  #updates = 0;

  private constructor(file: OutputFile, buffer: ArrayBufferLike, workers: number) {
    this.#file = file;
    this.#logs = Array.from({ length: workers + 1 }, (_, index) => new PhaseLog(buffer, index));
  }

  /** @throws what the file system says where the path cannot be written */
  static async open(path: string, buffer: ArrayBufferLike, workers: number): Promise<TraceWriter> {
    const file = await OutputFile.open('trace', path);
    const names = Array.from({ length: workers + 1 }, (_, tid) => ({
      name: 'thread_name',
      ph: 'M',
      pid: 1,
      tid,
      args: { name: tid === workers ? 'coordinator' : `worker ${tid}` },
    }));
    const process = { name: 'process_name', ph: 'M', pid: 1, args: { name: 'gradpool' } };
    await file.write(`{"displayTimeUnit":"ms","traceEvents":[\n${[process, ...names].map(asLine).join(',\n')}`);
    return new TraceWriter(file, buffer, workers);
  }

  /** Adds what was logged in a run of so many updates, which is over. */
  async append(updates: number): Promise<void> {
    const lines: string[] = [];
    for (const [tid, log] of this.#logs.entries()) {
      const { events, omitted } = log.take();
      for (let i = 0; i < events.length; i += WIDTH) {
        if (lines.length === LINES_AT_ONCE) {
          await this.#file.write(`,\n${lines.join(',\n')}`);
          lines.length = 0;
          await turn();
        }
        const ts = round(1000 * events[i + 1]!);
        const dur = round(1000 * events[i + 2]!);
        const args = { update: this.#updates + events[i + 3]! };
        lines.push(asLine({ name: PHASES[events[i]!]!, ph: 'X', ts, dur, pid: 1, tid, args }));
      }
      if (omitted > 0) lines.push(asLine({ name: 'omitted', ph: 'I', s: 't', ts: 0, pid: 1, tid, args: { omitted } }));
    }
    this.#updates += updates;
    if (lines.length > 0) await this.#file.write(`,\n${lines.join(',\n')}`);
  }

  /** Leaves no file. */
  discard(): Promise<void> {
    return this.#file.discard();
  }

  async close(): Promise<void> {
    try {
      await this.#file.write('\n]}\n');
    } catch (error) {
      await this.#file.discard();
      throw error;
    }
    await this.#file.commit();
  }
}

function asLine(event: object): string {
  return JSON.stringify(event);
}

/** To a nanosecond: `us` is in microseconds. */
function round(us: number): number {
  return Math.round(us * 1000) / 1000;
}
