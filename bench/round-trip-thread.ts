/** The task of the round-trip benchmark: as little as can be. */
export default function echo(value: number): number {
  return value;
}
