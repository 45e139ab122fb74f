// What workers wrote into their statistics, added up.
import type { Arena } from '../memory/arena.ts';
import { BEGUN, FIRST_PHASE, LOSS, LOSS_BEFORE, PHASES, RIGHT, RIGHT_BEFORE, SECONDS } from '../memory/control.ts';
import type { RowSums } from '../pool/messages.ts';
import type { EpochSums, PhaseSeconds } from './outcome.ts';

/**
 * What the epochs of a run did, which took `seconds` in all. Starting and ending the run counts in each alike.
 * @param textbook - the coordinator has phases of its own
 */
export function epochSums(arena: Arena, count: number, seconds: number, textbook: boolean): EpochSums[] {
  const { workers } = arena.plan;
  const own = Array.from({ length: count }, (_, e) => arena.statistics(0, placeOf(e, count))[SECONDS]!);
  const shared = (seconds - own.reduce((sum, s) => sum + s, 0)) / count;
  return own.map((alone, e) => {
    const place = placeOf(e, count);
    return {
      seconds: alone + shared,
      ...rowSums(arena, place),
      ofWorkers: sumsOfWorkers(arena, place),
      phases: Array.from({ length: workers }, (_, w) => phasesOf(arena, w, place)),
      coordinator: textbook ? phasesOf(arena, workers, place) : undefined,
    };
  });
}

/**
 * What the first `completed` updates of a run of one epoch did, at least one, which was broken off in a later one after `seconds`. What
 * the later one had counted is left out.
 */
export function completedSums(arena: Arena, completed: number, seconds: number): EpochSums {
  const { workers } = arena.plan;
  const statistics = Array.from({ length: workers }, (_, w) => arena.statistics(w));
  const whole = (numbers: Float64Array) => numbers[BEGUN]! < completed;
  const losses = statistics.map((numbers) => numbers[whole(numbers) ? LOSS : LOSS_BEFORE]!);
  const rights = statistics.map((numbers) => numbers[whole(numbers) ? RIGHT : RIGHT_BEFORE]!);
  const phases = statistics.map((_, w) => phasesOf(arena, w, 0));
  const ofWorkers = { losses, rights };
  return { seconds, loss: total(losses), right: total(rights), ofWorkers, phases, coordinator: undefined };
}

/** An epoch after one more run: its rows are counted in the run's, the time of both adds up. */
export function continuedSums(before: EpochSums, run: EpochSums): EpochSums {
  const both = (one: PhaseSeconds | undefined, other: PhaseSeconds | undefined): PhaseSeconds =>
    Object.fromEntries(PHASES.map((phase) => [phase, (one?.[phase] ?? 0) + (other?.[phase] ?? 0)])) as PhaseSeconds;
  const workers = Math.max(before.phases.length, run.phases.length);
  return {
    ...run,
    seconds: before.seconds + run.seconds,
    phases: Array.from({ length: workers }, (_, w) => both(before.phases[w], run.phases[w])),
    coordinator: before.coordinator || run.coordinator ? both(before.coordinator, run.coordinator) : undefined,
  };
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function sumsOfWorkers(arena: Arena, place: number): RowSums {
  const statistics = Array.from({ length: arena.plan.workers }, (_, w) => arena.statistics(w, place));
  return { losses: statistics.map((numbers) => numbers[LOSS]!), rights: statistics.map((numbers) => numbers[RIGHT]!) };
}

/** Losses and right answers of the rows that all workers have seen. */
export function rowSums(arena: Arena, place: number): { loss: number; right: number } {
  const { losses, rights } = sumsOfWorkers(arena, place);
  return { loss: total(losses), right: total(rights) };
}

/** Of an epoch that has not begun. */
export const NO_SUMS: EpochSums = {
  seconds: 0,
  loss: 0,
  right: 0,
  ofWorkers: { losses: [], rights: [] },
  phases: [],
  coordinator: undefined,
};

function phasesOf(arena: Arena, index: number, place: number): PhaseSeconds {
  const statistics = arena.statistics(index, place);
  return Object.fromEntries(PHASES.map((phase, i) => [phase, statistics[FIRST_PHASE + i]!])) as PhaseSeconds;
}

/** Where the statistics of a run's epoch stand: the last one's are those that were counted last. */
function placeOf(epoch: number, epochs: number): number {
  return epoch === epochs - 1 ? 0 : epoch + 1;
}
