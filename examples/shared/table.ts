/**
 * Text in columns.
 *
 * @module
 */

/** The lines of a table: the columns' heads, then the rows. Columns whose every cell starts with a digit or a minus are aligned right. */
export function tableLines(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const columns = heads.map((head, i) => {
    const cells = rows.map((row) => row[i] ?? "");
    const width = Math.max(...[head, ...cells].map((cell) => cell.length));
    const numbers = cells.length > 0 && cells.every((cell) => /^[\d\u2212-]/.test(cell));
    return (cell: string): string => numbers ? cell.padStart(width) : cell.padEnd(width);
  });
  return [heads, ...rows].map((row) => columns.map((align, i) => align(row[i] ?? "")).join("   ").trimEnd());
}
