import { GradpoolError } from '../core/errors.ts';
import { GENERATION, heartbeat } from '../memory/control.ts';

const TICK = 100; // ms

/**
 * Watches the heartbeats of an epoch. `stalled` rejects once none has moved for `limit` ms, counted in ticks: while
 * the whole process is suspended no ticks pass, and it is not blamed for it.
 */
export class Watchdog {
  readonly stalled: Promise<never>;
  readonly #timer: NodeJS.Timeout;

  /** @param who - of the message: who has made no progress */
  constructor(pulse: () => number, limit: number, who: string) {
    const most = Math.ceil(limit / TICK);
    let last = pulse();
    let quiet = 0;
    let fail: (error: Error) => void = () => undefined;
    this.stalled = new Promise<never>((_, reject) => (fail = reject));
    this.stalled.catch(() => undefined);
    this.#timer = setInterval(() => {
      const now = pulse();
      quiet = now === last ? quiet + 1 : 0;
      last = now;
      if (quiet >= most) {
        fail(new GradpoolError('ERR_WORKER_FAILED', `${who} made no progress for ${limit} ms`));
      }
    }, TICK);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Changes whenever any worker, or the coordinator, has got on. */
export function workersPulse(control: Int32Array, workers: number): number {
  let sum = Atomics.load(control, GENERATION);
  for (let w = 0; w <= workers; w++) sum = (sum + Atomics.load(control, heartbeat(w))) | 0;
  return sum;
}
