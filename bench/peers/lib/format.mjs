/** Three digits, in thousands or millions where it is large: "5.93 k". */
export function count(value) {
  for (const [unit, sign] of [
    [1e6, ' M'],
    [1e3, ' k'],
  ]) {
    if (value >= 0.9995 * unit) return threeDigits(value / unit) + sign;
  }
  return threeDigits(value);
}

/** "0.94", "10.6", "158", "1234" */
export function threeDigits(value) {
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}
