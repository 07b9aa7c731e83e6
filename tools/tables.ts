/**
 * Tables for pages and for terminals.
 *
 * @module
 */
import { type Table, tableLines } from "../src/cli/output/table.ts";

/** A table for a terminal, as the command line prints them. */
export function textTable(table: Table): string {
  return tableLines(table).join("\n");
}

/** What stands above the columns, and how they are aligned. */
export interface Columns {
  readonly heads: readonly string[];
  /** The columns from this one on hold numbers, which are aligned at their right edges; none by default. */
  readonly numbersFrom?: number;
}

/** A table in Markdown. */
export function markdownTable({ heads, numbersFrom = Infinity }: Columns, rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map((_, index) => index < numbersFrom ? "---" : "---:")), ...rows.map(line)].join("\n");
}
