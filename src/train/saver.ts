import { checkpointToBytes, type Vectors } from '../formats/checkpoint.ts';
import { CheckpointFolder } from '../formats/checkpoint-folder.ts';
import type { Network } from '../nn/network.ts';
import type { ResolvedCheckpoint } from './checkpoint-options.ts';
import type { CheckpointState } from './checkpoint-state.ts';
import type { Pauses } from './epoch.ts';

/** What goes into a checkpoint, copied, so that training may go on while it is written. */
export interface Snapshot {
  readonly state: CheckpointState;
  readonly vectors: Vectors;
}

/** How far a call of `fit` or `epochs` has got. */
export interface Reached {
  /** Finished. */
  readonly epochs: number;
  /** Of all epochs of the call. */
  readonly updates: number;
}

/** Where checkpoints go by time, an epoch pauses about so often to look at the clock; s. */
const LOOK = 1;
/** From one pause to the next there are at most so many times as many updates. */
const GROWTH = 8;

/**
 * Saves a training now and then, between two updates. Training rests while the vectors are copied; the file is written beside it.
 */
export class Saver implements Pauses {
  readonly #options: ResolvedCheckpoint;
  readonly #folder: CheckpointFolder;
  readonly #network: Network;
  readonly #period: number;
  readonly #reached: () => Reached;
  readonly #take: () => Promise<Snapshot | undefined>;
  /** When the last checkpoint was taken. */
  #last: Reached;
  #lastTime = performance.now();
  /** Updates that take about LOOK. */
  #pace = 1;
  #over = false;
  #writing: Promise<unknown> | undefined;
  #failure: { readonly error: unknown } | undefined;

  private constructor(folder: CheckpointFolder, options: ResolvedCheckpoint, what: Saved) {
    this.#folder = folder;
    this.#options = options;
    this.#network = what.network;
    this.#period = what.period;
    this.#reached = what.reached;
    this.#take = what.take;
    this.#last = what.reached();
  }

  /** @throws what `node:fs` throws if the folder cannot be made */
  static async open(options: ResolvedCheckpoint, what: Saved): Promise<Saver> {
    return new Saver(await CheckpointFolder.open(options.directory), options, what);
  }

  next(done: number): number {
    const { everyUpdates, everyMinutes } = this.#options;
    const { updates } = this.#reached();
    const due = everyUpdates === undefined ? Infinity : everyUpdates - (updates % everyUpdates);
    const least = Math.min(due, everyMinutes === undefined ? Infinity : this.#pace);
    return least === Infinity ? least : Math.ceil((done + least) / this.#period) * this.#period - done;
  }

  async pause(updates: number, seconds: number): Promise<void> {
    this.#pace = Math.max(1, Math.min(GROWTH * updates, Math.floor((LOOK * updates) / seconds)));
    if (this.#isDue()) await this.#save();
  }

  /** An epoch was finished, and what comes after its report was done. */
  async epochEnded(): Promise<void> {
    const { everyUpdates, everyMinutes } = this.#options;
    if (this.#over) return;
    if ((everyUpdates === undefined && everyMinutes === undefined) || this.#isDue()) await this.#save();
  }

  /** The call ends within an epoch, which is then judged and reported as it is; one that goes on later must not find that. */
  async endsWithinEpoch(): Promise<void> {
    await this.#saveWhatIsNew();
    this.#over = true;
  }

  /** The call ends. All that was trained is saved when this is done. */
  async finish(): Promise<void> {
    if (!this.#over) await this.#saveWhatIsNew();
    await this.#settle();
  }

  #isDue(): boolean {
    const { everyUpdates = Infinity, everyMinutes = Infinity } = this.#options;
    const updates = Math.floor(this.#reached().updates / everyUpdates) > Math.floor(this.#last.updates / everyUpdates);
    return updates || performance.now() - this.#lastTime >= everyMinutes * 60_000;
  }

  async #saveWhatIsNew(): Promise<void> {
    const { epochs, updates } = this.#reached();
    if (epochs !== this.#last.epochs || updates !== this.#last.updates) await this.#save();
  }

  async #save(): Promise<void> {
    const snapshot = await this.#take();
    if (snapshot === undefined) return;
    this.#last = this.#reached();
    this.#lastTime = performance.now();
    await this.#settle();
    this.#writing = this.#write(snapshot).catch((error: unknown) => (this.#failure = { error }));
  }

  async #write({ state, vectors }: Snapshot): Promise<void> {
    await this.#folder.write(await checkpointToBytes(this.#network, state, vectors), this.#options.keep);
  }

  /** Waits until the last checkpoint is written. */
  async #settle(): Promise<void> {
    await this.#writing;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
  }
}

interface Saved {
  readonly network: Network;
  /** Updates from one place at which an epoch may pause to the next. */
  readonly period: number;
  readonly reached: () => Reached;
  /** Undefined where nothing is worth saving. */
  readonly take: () => Promise<Snapshot | undefined>;
}
