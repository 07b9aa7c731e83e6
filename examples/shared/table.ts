/**
 * Text in columns.
 *
 * @module
 */

/** The lines of a table: the columns' heads, then the rows. A column of numbers, units included, is aligned right. */
export function tableLines(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const columns = heads.map((head, i) => {
    const cells = rows.map((row) => row[i] ?? "");
    const width = Math.max(...[head, ...cells].map((cell) => cell.length));
    const numbers = cells.length > 0 && cells.every((cell) => /^[\u2212-]?\d/.test(cell));
    return (cell: string): string => numbers ? cell.padStart(width) : cell.padEnd(width);
  });
  return [heads, ...rows].map((row) => columns.map((align, i) => align(row[i] ?? "")).join("   ").trimEnd());
}
