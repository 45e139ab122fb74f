/**
 * P(|T| <= t) of Student's distribution with an integer number of degrees of freedom, as a finite sum (Abramowitz & Stegun 1964,
 * 26.7.3 and 26.7.4), with t = sqrt(freedom) tan(angle).
 */
function centralProbability(angle: number, freedom: number): number {
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const odd = freedom % 2 === 1;
  let term = odd ? cosine : 1;
  let sum = 0;
  for (let j = odd ? 1 : 0; j <= freedom - 2; j += 2) {
    sum += term;
    term *= (cosine ** 2 * (j + 1)) / (j + 2);
  }
  return odd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
}

/**
 * The t with P(|T| <= t) = level.
 * @param level - in (0, 1)
 * @param freedom - degrees of freedom, at least 1
 */
export function studentQuantile(level: number, freedom: number): number {
  let [low, high] = [0, Math.PI / 2];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (centralProbability(middle, freedom) < level) low = middle;
    else high = middle;
  }
  return Math.sqrt(freedom) * Math.tan(low);
}
