/**
 * The reduction of the partial gradients and the step, on `count` elements (a multiple of 4). First
 *   g = scale * (g_0 + g_1 + ... in order) + decay * w
 * then a rule with the conventions of torch.optim; operations in the order in which they are written, each rounded to float32:
 *   sgd           w' = w - rate * g
 *   sgdMomentum   v' = momentum * v + g;   direction = nesterov ? g + momentum * v' : v';   w' = w - rate * direction
 *   rmsprop       v' = alpha * v + rest * (g * g), rest = 1 - alpha;   w' = w - rate * (g / (sqrt(v') + epsilon))
 *   adam          m' = beta1 * m + rest1 * g;   v' = beta2 * v + rest2 * (g * g);
 *                 w' = w - (rate * (m' / (sqrt(v') * correction + epsilon)) + shrink * w)
 * The partial gradients other than the first lie `gradientStride` bytes apart from `others`.
 * `next` may be the place of g_0: each element is read before it is written. So may the place of a state be that of the next one.
 */
export function sgd(
  next: usize, w: usize, first: usize, others: usize, gradientStride: usize, otherCount: i32, count: i32,
  rate: f32, scale: f32, decay: f32,
): void {
  const r = f32x4.splat(rate), s = f32x4.splat(scale), q = f32x4.splat(decay);
  const end = w + (<usize>count << 2);
  while (w < end) {
    const old = v128.load(w);
    const g = f32x4.add(f32x4.mul(partialSum(first, others, gradientStride, otherCount), s), f32x4.mul(old, q));
    v128.store(next, f32x4.sub(old, f32x4.mul(r, g)));
    w += 16;
    next += 16;
    first += 16;
    others += 16;
  }
}

/** As sgd, with momentum; v is read at `velocity` and written at `nextVelocity`. */
export function sgdMomentum(
  next: usize, w: usize, nextVelocity: usize, velocity: usize,
  first: usize, others: usize, gradientStride: usize, otherCount: i32, count: i32,
  rate: f32, scale: f32, decay: f32, momentum: f32, nesterov: i32,
): void {
  const r = f32x4.splat(rate), s = f32x4.splat(scale), q = f32x4.splat(decay), m = f32x4.splat(momentum);
  const end = w + (<usize>count << 2);
  while (w < end) {
    const old = v128.load(w);
    const g = f32x4.add(f32x4.mul(partialSum(first, others, gradientStride, otherCount), s), f32x4.mul(old, q));
    const v = f32x4.add(f32x4.mul(m, v128.load(velocity)), g);
    const direction = nesterov ? f32x4.add(g, f32x4.mul(m, v)) : v;
    v128.store(nextVelocity, v);
    v128.store(next, f32x4.sub(old, f32x4.mul(r, direction)));
    w += 16;
    next += 16;
    velocity += 16;
    nextVelocity += 16;
    first += 16;
    others += 16;
  }
}

/** RMSprop (Tieleman and Hinton 2012): the gradient over the root of the running mean of its squares. */
export function rmsprop(
  next: usize, w: usize, nextMean: usize, mean: usize,
  first: usize, others: usize, gradientStride: usize, otherCount: i32, count: i32,
  rate: f32, scale: f32, decay: f32, alpha: f32, rest: f32, epsilon: f32,
): void {
  const r = f32x4.splat(rate), s = f32x4.splat(scale), q = f32x4.splat(decay);
  const a = f32x4.splat(alpha), c = f32x4.splat(rest), e = f32x4.splat(epsilon);
  const end = w + (<usize>count << 2);
  while (w < end) {
    const old = v128.load(w);
    const g = f32x4.add(f32x4.mul(partialSum(first, others, gradientStride, otherCount), s), f32x4.mul(old, q));
    const v = f32x4.add(f32x4.mul(a, v128.load(mean)), f32x4.mul(c, f32x4.mul(g, g)));
    v128.store(nextMean, v);
    v128.store(next, f32x4.sub(old, f32x4.mul(r, f32x4.div(g, f32x4.add(f32x4.sqrt(v), e)))));
    w += 16;
    next += 16;
    mean += 16;
    nextMean += 16;
    first += 16;
    others += 16;
  }
}

/**
 * Adam (Kingma and Ba 2015, algorithm 1), and with `shrink` above 0 AdamW (Loshchilov and Hutter 2019, algorithm 2). m is at `mean`, and
 * v `stateStride` bytes after it. `rate` is that of Adam over 1 - beta1^t, `correction` is 1 / sqrt(1 - beta2^t).
 */
export function adam(
  next: usize, w: usize, nextMean: usize, mean: usize, stateStride: usize,
  first: usize, others: usize, gradientStride: usize, otherCount: i32, count: i32,
  rate: f32, scale: f32, decay: f32, shrink: f32,
  beta1: f32, rest1: f32, beta2: f32, rest2: f32, epsilon: f32, correction: f32,
): void {
  const r = f32x4.splat(rate), s = f32x4.splat(scale), q = f32x4.splat(decay), k = f32x4.splat(shrink);
  const end = w + (<usize>count << 2);
  while (w < end) {
    const old = v128.load(w);
    const g = f32x4.add(f32x4.mul(partialSum(first, others, gradientStride, otherCount), s), f32x4.mul(old, q));
    const m = f32x4.add(f32x4.mul(f32x4.splat(beta1), v128.load(mean)), f32x4.mul(f32x4.splat(rest1), g));
    const squared = f32x4.mul(f32x4.splat(rest2), f32x4.mul(g, g));
    const v = f32x4.add(f32x4.mul(f32x4.splat(beta2), v128.load(mean + stateStride)), squared);
    const root = f32x4.add(f32x4.mul(f32x4.sqrt(v), f32x4.splat(correction)), f32x4.splat(epsilon));
    v128.store(nextMean, m);
    v128.store(nextMean + stateStride, v);
    v128.store(next, f32x4.sub(old, f32x4.add(f32x4.mul(r, f32x4.div(m, root)), f32x4.mul(k, old))));
    w += 16;
    next += 16;
    mean += 16;
    nextMean += 16;
    first += 16;
    others += 16;
  }
}

/** g_0 = clamp(scale * (g_0 + g_1 + ...), -clip, clip) + l1 * sign(w) + decay * w, over `first`; NaN stays NaN, sign(0) is 0. */
export function regularise(
  w: usize, first: usize, others: usize, gradientStride: usize, otherCount: i32, count: i32,
  scale: f32, decay: f32, l1: f32, clip: f32,
): void {
  const s = f32x4.splat(scale), q = f32x4.splat(decay), one = f32x4.splat(l1), zero = f32x4.splat(0);
  const high = f32x4.splat(clip), low = f32x4.splat(-clip);
  const end = w + (<usize>count << 2);
  while (w < end) {
    const old = v128.load(w);
    const mean = f32x4.mul(partialSum(first, others, gradientStride, otherCount), s);
    const g = f32x4.max(f32x4.min(mean, high), low);
    const sign = f32x4.sub(v128.and(one, f32x4.gt(old, zero)), v128.and(one, f32x4.lt(old, zero)));
    v128.store(first, f32x4.add(f32x4.add(g, sign), f32x4.mul(old, q)));
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
