// What workers wrote into their statistics, added up.
import type { Arena } from '../memory/arena.ts';
import { FIRST_PHASE, LOSS, PHASES, RIGHT, SECONDS } from '../memory/control.ts';
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
      phases: Array.from({ length: workers }, (_, w) => phasesOf(arena, w, place)),
      coordinator: textbook ? phasesOf(arena, workers, place) : undefined,
    };
  });
}

/** Losses and right answers of the rows that all workers have seen. */
export function rowSums(arena: Arena, place: number): { loss: number; right: number } {
  const sums = { loss: 0, right: 0 };
  for (let w = 0; w < arena.plan.workers; w++) {
    const statistics = arena.statistics(w, place);
    sums.loss += statistics[LOSS]!;
    sums.right += statistics[RIGHT]!;
  }
  return sums;
}

export const NO_SUMS: EpochSums = { seconds: 0, loss: 0, right: 0, phases: [], coordinator: undefined };

/** What two parts of an epoch did. */
export function added(a: EpochSums, b: EpochSums): EpochSums {
  const both = (one: PhaseSeconds | undefined, other: PhaseSeconds): PhaseSeconds =>
    Object.fromEntries(PHASES.map((phase) => [phase, (one?.[phase] ?? 0) + other[phase]])) as PhaseSeconds;
  return {
    seconds: a.seconds + b.seconds,
    loss: a.loss + b.loss,
    right: a.right + b.right,
    phases: b.phases.map((phases, w) => both(a.phases[w], phases)),
    coordinator: b.coordinator && both(a.coordinator, b.coordinator),
  };
}

function phasesOf(arena: Arena, index: number, place: number): PhaseSeconds {
  const statistics = arena.statistics(index, place);
  return Object.fromEntries(PHASES.map((phase, i) => [phase, statistics[FIRST_PHASE + i]!])) as PhaseSeconds;
}

/** Where the statistics of a run's epoch stand: the last one's are those that were counted last. */
function placeOf(epoch: number, epochs: number): number {
  return epoch === epochs - 1 ? 0 : epoch + 1;
}
