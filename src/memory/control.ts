// The words through which threads talk while they train. Each has a cache line of its own (64 bytes), so that a
// thread that spins on one is not disturbed by writes to another.
const LINE = 16; // Int32 words

/** 0, or 1 once everybody has to stop; written by the trainer and the coordinator. */
export const ABORT = 0 * LINE;
/** How many parties have arrived at the barrier. */
export const ARRIVED = 1 * LINE;
/** How often the barrier has been passed in this epoch. */
export const GENERATION = 2 * LINE;
/** How many parties sleep at the barrier. */
export const SLEEPERS = 3 * LINE;
/** Updates committed in this epoch: the weights are those after so many. */
export const COMPLETED = 4 * LINE;
/** Counts up while the coordinator's thread is at work and its event loop turns. */
export const ALIVE = 5 * LINE;
/** The parameter slot that holds the committed weights. */
export const CURRENT = 6 * LINE;
/** The next update that no worker has taken; of the strategy hogwild. */
export const NEXT = 7 * LINE;
const FIRST_HEARTBEAT = 8 * LINE;

/** Counts up whenever worker `worker` has finished a piece of work. The coordinator has the one after the last. */
export function heartbeat(worker: number): number {
  return FIRST_HEARTBEAT + worker * LINE;
}

/** The size of the control block in bytes. */
export function controlBytes(workers: number): number {
  return heartbeat(workers + 1) * 4;
}

/** The parts of an update that are timed, in the order in which they happen. */
export const PHASES = ['gather', 'forward', 'backward', 'gradient', 'barrier', 'update'] as const;
export type Phase = (typeof PHASES)[number];

// A worker's statistics: float64 words, which only that worker writes.
/** Sum of the losses of the rows it has seen. */
export const LOSS = 0;
/** Sum of the right answers. */
export const RIGHT = 1;
/** Seconds in PHASES[i] stand at FIRST_PHASE + i. */
export const FIRST_PHASE = 2;
/** Seconds of the whole epoch. */
export const SECONDS = FIRST_PHASE + PHASES.length;
/** Of one row, while its sums are on their way to those of all: where rows have weights. */
export const ROW_LOSS = SECONDS + 1;
export const ROW_RIGHT = ROW_LOSS + 1;
/** LOSS and RIGHT as they were when update BEGUN of the run began, or in local-sgd the first since an averaging: what may yet be lost came after. */
export const LOSS_BEFORE = ROW_RIGHT + 1;
export const RIGHT_BEFORE = LOSS_BEFORE + 1;
export const BEGUN = RIGHT_BEFORE + 1;
/** Epochs that workers train without coming back; each has its statistics. */
export const EPOCHS_PER_RUN = 16;
/** The size of a worker's statistics in bytes: two cache lines. */
export const STATISTICS_BYTES = 128;
