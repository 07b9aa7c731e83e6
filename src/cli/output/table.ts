/**
 * Text in columns.
 *
 * @module
 */
import { unicodeWidth } from "@std/cli";

/** What stands between two columns. */
const GAP = "  ";

/** A table's rows, and what stands above them. */
export interface Table {
  readonly headings?: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The lines of a table, the headings first if it has some. A column of numbers is aligned at its right edge, also where some are missing. */
export function tableLines({ headings, rows }: Table): string[] {
  const lines = headings === undefined ? rows : [headings, ...rows];
  const count = Math.max(0, ...lines.map(({ length }) => length));
  const columns = Array.from({ length: count }, (_, at) => columnOf(rows.map((row) => row[at] ?? ""), headings?.[at]));
  return lines.map((_, line) => columns.map((cells) => cells[line]).join(GAP).trimEnd());
}

/** The cells of one column, the heading first, each as wide as the widest. */
function columnOf(cells: readonly string[], heading: string | undefined): string[] {
  const all = heading === undefined ? cells : [heading, ...cells];
  const width = Math.max(...all.map(unicodeWidth));
  const isNumeric = cells.length > 0 && cells.every((cell) => /^(-|-?[\d,]*(\.\d+)?)$/.test(cell));
  return all.map((cell) => {
    const room = " ".repeat(width - unicodeWidth(cell));
    return isNumeric ? room + cell : cell + room;
  });
}
