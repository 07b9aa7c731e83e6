/**
 * Compares what was heard with what was said.
 *
 * @module
 */

/** The words of a text, without capitals and punctuation. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [];
}

/** How many words have to be put in, taken out or exchanged to turn what was heard into what was said, as a part of the words said. */
export function wordErrorRate(said: string, heard: string): number {
  const [wanted, found] = [wordsOf(said), wordsOf(heard)];
  let row = found.map((_, i) => i + 1);
  row.unshift(0);
  for (const word of wanted) row = nextRow(row, found.map((other) => other === word));
  return row[found.length]! / wanted.length;
}

/** The distances of one more word wanted: `row[n]` is how far the first `n` words found are from the words wanted so far. */
function nextRow(row: readonly number[], agrees: readonly boolean[]): number[] {
  const next = [row[0]! + 1];
  agrees.forEach((same, i) => next.push(Math.min(row[i]! + (same ? 0 : 1), row[i + 1]! + 1, next[i]! + 1)));
  return next;
}
