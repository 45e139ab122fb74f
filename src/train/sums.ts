// What workers wrote into their statistics, added up.
import type { Arena } from '../memory/arena.ts';
import { BEGUN, FIRST_PHASE, LOSS, LOSS_BEFORE, PHASES, RIGHT, RIGHT_BEFORE, SECONDS } from '../memory/control.ts';
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

/**
 * What the first `completed` updates of a run of one epoch did, which was broken off in a later one after `seconds`. What the later one
 * had counted is left out.
 */
export function completedSums(arena: Arena, completed: number, seconds: number): EpochSums {
  const sums = { seconds, loss: 0, right: 0, phases: [] as PhaseSeconds[], coordinator: undefined };
  for (let w = 0; w < arena.plan.workers; w++) {
    const statistics = arena.statistics(w);
    const later = statistics[BEGUN]! >= completed;
    // Without an update nobody may have cleared what was counted before the run.
    if (completed > 0) {
      sums.loss += statistics[later ? LOSS_BEFORE : LOSS]!;
      sums.right += statistics[later ? RIGHT_BEFORE : RIGHT]!;
    }
    sums.phases.push(phasesOf(arena, w, 0));
  }
  return sums;
}

/** Two parts of an epoch together. */
export function addedSums(a: EpochSums, b: EpochSums): EpochSums {
  const both = (one: PhaseSeconds | undefined, other: PhaseSeconds | undefined): PhaseSeconds =>
    Object.fromEntries(PHASES.map((phase) => [phase, (one?.[phase] ?? 0) + (other?.[phase] ?? 0)])) as PhaseSeconds;
  const workers = Math.max(a.phases.length, b.phases.length);
  return {
    seconds: a.seconds + b.seconds,
    loss: a.loss + b.loss,
    right: a.right + b.right,
    phases: Array.from({ length: workers }, (_, w) => both(a.phases[w], b.phases[w])),
    coordinator: a.coordinator || b.coordinator ? both(a.coordinator, b.coordinator) : undefined,
  };
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

function phasesOf(arena: Arena, index: number, place: number): PhaseSeconds {
  const statistics = arena.statistics(index, place);
  return Object.fromEntries(PHASES.map((phase, i) => [phase, statistics[FIRST_PHASE + i]!])) as PhaseSeconds;
}

/** Where the statistics of a run's epoch stand: the last one's are those that were counted last. */
function placeOf(epoch: number, epochs: number): number {
  return epoch === epochs - 1 ? 0 : epoch + 1;
}
