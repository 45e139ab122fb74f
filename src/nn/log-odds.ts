// What the synaptic inputs u of a softmax say, where its outputs are too near to 0 or 1 to be told apart: 1 - y is lost in
// float64 from a difference of 36.7 on, and in float32 from 16.6 on.

/** Of some numbers the two largest, and the sum of e^(u - largest) over all but the largest. */
interface Row {
  /** Where the largest is, the first of equals. */
  readonly at: number;
  readonly largest: number;
  readonly others: number;
}

function lookAt(U: Float64Array, from: number, C: number): Row {
  let at = 0;
  for (let k = 1; k < C; k++) if (U[from + k]! > U[from + at]!) at = k;
  const largest = U[from + at]!;
  let others = 0;
  for (let k = 0; k < C; k++) if (k !== at) others += Math.exp(U[from + k]! - largest);
  return { at, largest, others };
}

/**
 * ln y - ln(1 - y) of y = softmax(u), row by row: it orders patterns as y does, however near that is to 0 or 1.
 * @param U - P x C, C at least 2
 */
export function logOdds(U: Float64Array, C: number): Float64Array {
  const odds = new Float64Array(U.length);
  for (let from = 0; from < U.length; from += C) {
    const { at, largest, others } = lookAt(U, from, C);
    for (let k = 0; k < C; k++) {
      const u = U[from + k]!;
      if (k !== at) odds[from + k] = u - largest - Math.log1p(Math.max(0, others - Math.exp(u - largest)));
    }
    // Of the largest the sum is one over all others, beside the second.
    let second = -Infinity;
    for (let k = 0; k < C; k++) if (k !== at) second = Math.max(second, U[from + k]!);
    let sum = 0;
    for (let k = 0; k < C; k++) if (k !== at) sum += Math.exp(U[from + k]! - second);
    odds[from + at] = largest - second - Math.log(sum);
  }
  return odds;
}

/**
 * The mean of -ln y of the right class, y = softmax(u): exact, nothing is kept away from 0 and 1.
 * @param actual - P class numbers
 * @param U - P x C
 */
export function crossEntropyOf(actual: Float64Array, U: Float64Array): number {
  const C = U.length / actual.length;
  let loss = 0;
  for (let p = 0; p < actual.length; p++) {
    const { largest, others } = lookAt(U, p * C, C);
    loss += largest - U[p * C + actual[p]!]! + Math.log1p(others);
  }
  return loss / actual.length;
}
