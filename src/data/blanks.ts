const [TAB, LINE_FEED, RETURN, SPACE] = [9, 10, 13, 32];

/**
 * Makes one tab of each run of blanks between values, and nothing of those at the ends of lines; what stands in quotes stays.
 * @param quote - one sign, or false for nothing
 */
export async function* blanksToTabs(
  pieces: AsyncIterable<Uint8Array>,
  quote: string | false,
): AsyncGenerator<Uint8Array> {
  const sign = quote === false ? -1 : quote.charCodeAt(0);
  let state = 'start' as 'start' | 'value' | 'blanks' | 'quoted';
  for await (const piece of pieces) {
    const made = new Uint8Array(piece.length + 1);
    let length = 0;
    for (const byte of piece) {
      if (state === 'quoted') {
        if (byte === sign) state = 'value';
      } else if (byte === SPACE || byte === TAB) {
        if (state === 'value') state = 'blanks';
        continue;
      } else if (byte === LINE_FEED || byte === RETURN) state = 'start';
      else {
        if (state === 'blanks') made[length++] = TAB;
        state = byte === sign && state !== 'value' ? 'quoted' : 'value';
      }
      made[length++] = byte;
    }
    yield made.subarray(0, length);
  }
}
