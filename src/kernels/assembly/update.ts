/**
 * The reduction of the partial gradients and the step, on `count` elements (a multiple of 4). First
 *   g = scale * (g_0 + g_1 + ... in order) + decay * w
 * then a rule with the conventions of torch.optim, from the constants c0 ... c7 that RULES in core/optimizers.ts writes; operations
 * in the order in which they are written, each rounded to float32. The partial gradients other than the first lie `gradientStride`
 * bytes apart from `others`; state vectors are read at `state` and written at `nextState`, each `stateStride` bytes after the one before.
 * `next` may be the place of g_0: each element is read before it is written. So may `state` be `nextState`.
 */

const SGD: i32 = 0;
const MOMENTUM: i32 = 1;
const RMSPROP: i32 = 2;
const ADAM: i32 = 3;
const LION: i32 = 4;

/** w' = w - rate * g; the constants are rate. */
export function sgd(
  next: usize, w: usize, nextState: usize, state: usize, stateStride: usize,
  first: usize, others: usize, gradientStride: usize, otherCount: i32, count: i32, scale: f32, decay: f32,
  c0: f32, c1: f32, c2: f32, c3: f32, c4: f32, c5: f32, c6: f32, c7: f32,
): void {
  step(SGD, next, w, nextState, state, stateStride, first, others, gradientStride, otherCount, count, scale, decay, c0, c1, c2, c3, c4, c5, c6, c7);
}

/** v' = mu * v + g;  direction = nesterov ? g + mu * v' : v';  w' = w - rate * direction; the constants are rate, mu, nesterov. */
export function momentum(
  next: usize, w: usize, nextState: usize, state: usize, stateStride: usize,
  first: usize, others: usize, gradientStride: usize, otherCount: i32, count: i32, scale: f32, decay: f32,
  c0: f32, c1: f32, c2: f32, c3: f32, c4: f32, c5: f32, c6: f32, c7: f32,
): void {
  step(MOMENTUM, next, w, nextState, state, stateStride, first, others, gradientStride, otherCount, count, scale, decay, c0, c1, c2, c3, c4, c5, c6, c7);
}

/**
 * RMSprop (Tieleman and Hinton 2012): v' = alpha * v + rest * (g * g), rest = 1 - alpha;  w' = w - rate * (g / (sqrt(v') + epsilon)); the
 * constants are rate, alpha, rest, epsilon.
 */
export function rmsprop(
  next: usize, w: usize, nextState: usize, state: usize, stateStride: usize,
  first: usize, others: usize, gradientStride: usize, otherCount: i32, count: i32, scale: f32, decay: f32,
  c0: f32, c1: f32, c2: f32, c3: f32, c4: f32, c5: f32, c6: f32, c7: f32,
): void {
  step(RMSPROP, next, w, nextState, state, stateStride, first, others, gradientStride, otherCount, count, scale, decay, c0, c1, c2, c3, c4, c5, c6, c7);
}

/**
 * Adam (Kingma and Ba 2015, algorithm 1), and with `shrink` above 0 AdamW (Loshchilov and Hutter 2019, algorithm 2):
 *   m' = beta1 * m + rest1 * g;   v' = beta2 * v + rest2 * (g * g);
 *   w' = w - (rate * (m' / (sqrt(v') * correction + epsilon)) + shrink * w)
 * The constants are rate (that of Adam over 1 - beta1^t), beta1, rest1, beta2, rest2, epsilon, correction (1 / sqrt(1 - beta2^t)), shrink.
 */
export function adam(
  next: usize, w: usize, nextState: usize, state: usize, stateStride: usize,
  first: usize, others: usize, gradientStride: usize, otherCount: i32, count: i32, scale: f32, decay: f32,
  c0: f32, c1: f32, c2: f32, c3: f32, c4: f32, c5: f32, c6: f32, c7: f32,
): void {
  step(ADAM, next, w, nextState, state, stateStride, first, others, gradientStride, otherCount, count, scale, decay, c0, c1, c2, c3, c4, c5, c6, c7);
}

/**
 * Lion (Chen et al. 2023, algorithm 2): w' = w - (rate * sign(beta1 * m + rest1 * g) + shrink * w);   m' = beta2 * m + rest2 * g; the
 * constants are rate, beta1, rest1, beta2, rest2, shrink.
 */
export function lion(
  next: usize, w: usize, nextState: usize, state: usize, stateStride: usize,
  first: usize, others: usize, gradientStride: usize, otherCount: i32, count: i32, scale: f32, decay: f32,
  c0: f32, c1: f32, c2: f32, c3: f32, c4: f32, c5: f32, c6: f32, c7: f32,
): void {
  step(LION, next, w, nextState, state, stateStride, first, others, gradientStride, otherCount, count, scale, decay, c0, c1, c2, c3, c4, c5, c6, c7);
}

// @ts-ignore: decorator
@inline
function step(
  rule: i32,
  next: usize, w: usize, nextState: usize, state: usize, stateStride: usize,
  first: usize, others: usize, gradientStride: usize, otherCount: i32, count: i32, scale: f32, decay: f32,
  c0: f32, c1: f32, c2: f32, c3: f32, c4: f32, c5: f32, c6: f32, c7: f32,
): void {
  const s = f32x4.splat(scale), q = f32x4.splat(decay);
  const k0 = f32x4.splat(c0), k1 = f32x4.splat(c1), k2 = f32x4.splat(c2), k3 = f32x4.splat(c3);
  const k4 = f32x4.splat(c4), k5 = f32x4.splat(c5), k6 = f32x4.splat(c6), k7 = f32x4.splat(c7);
  const end = w + (<usize>count << 2);
  while (w < end) {
    const old = v128.load(w);
    const g = f32x4.add(f32x4.mul(partialSum(first, others, gradientStride, otherCount), s), f32x4.mul(old, q));
    if (rule == SGD) {
      v128.store(next, f32x4.sub(old, f32x4.mul(k0, g)));
    } else if (rule == MOMENTUM) {
      const v = f32x4.add(f32x4.mul(k1, v128.load(state)), g);
      const direction = c2 != 0 ? f32x4.add(g, f32x4.mul(k1, v)) : v;
      v128.store(nextState, v);
      v128.store(next, f32x4.sub(old, f32x4.mul(k0, direction)));
    } else if (rule == RMSPROP) {
      const v = f32x4.add(f32x4.mul(k1, v128.load(state)), f32x4.mul(k2, f32x4.mul(g, g)));
      v128.store(nextState, v);
      v128.store(next, f32x4.sub(old, f32x4.mul(k0, f32x4.div(g, f32x4.add(f32x4.sqrt(v), k3)))));
    } else if (rule == ADAM) {
      const m = f32x4.add(f32x4.mul(k1, v128.load(state)), f32x4.mul(k2, g));
      const v = f32x4.add(f32x4.mul(k3, v128.load(state + stateStride)), f32x4.mul(k4, f32x4.mul(g, g)));
      const root = f32x4.add(f32x4.mul(f32x4.sqrt(v), k6), k5);
      v128.store(nextState, m);
      v128.store(nextState + stateStride, v);
      v128.store(next, f32x4.sub(old, f32x4.add(f32x4.mul(k0, f32x4.div(m, root)), f32x4.mul(k7, old))));
    } else if (rule == LION) {
      const m = v128.load(state);
      const towards = sign(f32x4.add(f32x4.mul(k1, m), f32x4.mul(k2, g)), f32x4.splat(1));
      v128.store(nextState, f32x4.add(f32x4.mul(k3, m), f32x4.mul(k4, g)));
      v128.store(next, f32x4.sub(old, f32x4.add(f32x4.mul(k0, towards), f32x4.mul(k5, old))));
    }
    w += 16;
    next += 16;
    state += 16;
    nextState += 16;
    first += 16;
    others += 16;
  }
}

/** g_0 = clamp(scale * (g_0 + g_1 + ...), -clip, clip) + l1 * sign(w) + decay * w, over `first`; NaN stays NaN, sign(0) is 0. */
export function regularise(
  w: usize, first: usize, others: usize, gradientStride: usize, otherCount: i32, count: i32,
  scale: f32, decay: f32, l1: f32, clip: f32,
): void {
  const s = f32x4.splat(scale), q = f32x4.splat(decay), one = f32x4.splat(l1);
  const high = f32x4.splat(clip), low = f32x4.splat(-clip);
  const end = w + (<usize>count << 2);
  while (w < end) {
    const old = v128.load(w);
    const mean = f32x4.mul(partialSum(first, others, gradientStride, otherCount), s);
    const g = f32x4.max(f32x4.min(mean, high), low);
    v128.store(first, f32x4.add(f32x4.add(g, sign(old, one)), f32x4.mul(old, q)));
    w += 16;
    first += 16;
    others += 16;
  }
}

/** g_0 = g_0 + g_1 + ... */
export function reduce(first: usize, others: usize, gradientStride: usize, otherCount: i32, count: i32): void {
  const end = first + (<usize>count << 2);
  while (first < end) {
    v128.store(first, partialSum(first, others, gradientStride, otherCount));
    first += 16;
    others += 16;
  }
}

/** For each 8 elements, of `count`: the sum of their squares as a float64, in an order that is always the same. */
export function square(sums: usize, g: usize, count: i32): void {
  const end = g + (<usize>count << 2);
  while (g < end) {
    const a = v128.load(g), b = v128.load(g, 16);
    const total = f64x2.add(f64x2.add(lowSquares(a), highSquares(a)), f64x2.add(lowSquares(b), highSquares(b)));
    store<f64>(sums, f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1));
    g += 32;
    sums += 8;
  }
}

/** one * sign(x); sign(0) is 0, NaN stays NaN. */
// @ts-ignore: decorator
@inline
function sign(x: v128, one: v128): v128 {
  const zero = f32x4.splat(0);
  const signed = f32x4.sub(v128.and(one, f32x4.gt(x, zero)), v128.and(one, f32x4.lt(x, zero)));
  return v128.bitselect(x, signed, f32x4.ne(x, x));
}

// @ts-ignore: decorator
@inline
function lowSquares(a: v128): v128 {
  const x = f64x2.promote_low_f32x4(a);
  return f64x2.mul(x, x);
}

// @ts-ignore: decorator
@inline
function highSquares(a: v128): v128 {
  return lowSquares(i32x4.shuffle(a, a, 2, 3, 2, 3));
}

// @ts-ignore: decorator
@inline
function partialSum(first: usize, others: usize, stride: usize, otherCount: i32): v128 {
  let sum = v128.load(first);
  for (let i = 0; i < otherCount; i++) {
    sum = f32x4.add(sum, v128.load(others));
    others += stride;
  }
  return sum;
}
