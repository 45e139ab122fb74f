// How the learning rate depends on the number of an update: pure, and the same on every thread.

/** A schedule with everything decided. Updates count from 0 on; what comes after the end of a schedule has its last rate. */
export type RateSchedule =
  | { readonly name: 'constant'; readonly rate: number }
  /** rate factor^floor(u / every) */
  | { readonly name: 'step'; readonly rate: number; readonly every: number; readonly factor: number }
  /** From `rate` to `least` along half a cosine (Loshchilov and Hutter 2017, without restarts). */
  | { readonly name: 'cosine'; readonly rate: number; readonly least: number; readonly updates: number }
  /** Linearly up to where `then` begins, which follows after so many updates. */
  | { readonly name: 'warm-up'; readonly updates: number; readonly then: RateSchedule }
  /** From peak / 25 to `peak` and down to peak / 250,000, along cosines (Smith and Topin 2019). */
  | { readonly name: 'one-cycle'; readonly peak: number; readonly updates: number };

// As torch.optim.lr_scheduler.OneCycleLR has them.
const RISING = 0.3;
const START = 1 / 25;
const END = START / 1e4;

/** The learning rate of an update. */
export function rateAt(schedule: RateSchedule, update: number): number {
  const one = new Float64Array(1);
  fillRates(schedule, update, one);
  return one[0]!;
}

/** The learning rates of the updates from `first` on. Many at a time: a number that a function returns may be put on the heap. */
export function fillRates(schedule: RateSchedule, first: number, rates: Float64Array): void {
  switch (schedule.name) {
    case 'constant':
      rates.fill(schedule.rate);
      return;
    case 'step':
      for (let i = 0; i < rates.length; i++)
        rates[i] = schedule.rate * schedule.factor ** Math.floor((first + i) / schedule.every);
      return;
    case 'cosine':
      fillCosine(rates, schedule.rate, schedule.least, first, schedule.updates);
      return;
    case 'warm-up': {
      const { updates, then } = schedule;
      const rising = Math.max(0, Math.min(rates.length, updates - first));
      const top = rateAt(then, 0);
      for (let i = 0; i < rising; i++) rates[i] = (top * (first + i + 1)) / updates;
      if (rising < rates.length) fillRates(then, first + rising - updates, rates.subarray(rising));
      return;
    }
    case 'one-cycle': {
      const { peak, updates } = schedule;
      const top = RISING * updates - 1;
      const rising = Math.max(0, Math.min(rates.length, Math.floor(top) + 1 - first));
      fillCosine(rates.subarray(0, rising), peak * START, peak, first, top);
      fillCosine(rates.subarray(rising), peak, peak * END, first + rising - top, updates - 1 - top);
    }
  }
}

/** From a to b along half a cosine, at the places `first`, `first` + 1, ... of `length`; b after that. */
function fillCosine(rates: Float64Array, a: number, b: number, first: number, length: number): void {
  for (let i = 0; i < rates.length; i++) {
    rates[i] = b + ((a - b) / 2) * (1 + Math.cos(Math.PI * Math.min(1, (first + i) / length)));
  }
}
