/**
 * The reduction of the partial gradients and the SGD step, on `count` elements (a multiple of 4):
 *   g = scale * (g_0 + g_1 + ... in order) + decay * w
 *   v' = momentum * v + g;   direction = nesterov ? g + momentum * v' : v'
 *   w' = w - rate * direction
 * with the conventions of torch.optim.SGD. The partial gradients other than the first lie `gradientStride` bytes apart from `others`.
 * `next` may be the place of g_0: each element is read before it is written.
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
