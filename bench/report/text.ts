/**
 * The table for the terminal.
 *
 * @module
 */
import { textTable } from "@remote-plugin/tools/tables";
import { PEERS } from "../peers.ts";
import { type PAYLOADS, SIZES } from "../plan.ts";
import { figureOf, type Results } from "../results.ts";
import { targetsOf } from "../targets.ts";
import { type Column, COLUMNS, fromOtherRuns, notesOf, PLACED_COLUMNS, readable, sizeText, WORK_COLUMNS } from "./columns.ts";
import { leadLines } from "./leads.ts";

/** All results as text, with targets at the end, where who waits is looking. Medians; the page has the spread as well. */
export function renderText(results: Results): string {
  const payloads = payloadTable(results, ["argument", "result"]);
  const files = payloadTable(results, ["file-argument", "file-result"]);
  const [placed, work] = [PLACED_COLUMNS, WORK_COLUMNS].map((columns) => tableOf(results, columns));
  return [mainTable(results), placed!, work!, payloads, files, gaps(results), leadLines(results).join("\n"), targets(results)].filter((
    part,
  ) => part !== "").join("\n\n");
}

function mainTable(results: Results): string {
  return tableOf(results, COLUMNS);
}

/** Processor time alone. */
export function renderWork(results: Results): string {
  return ["Processor time of a small call in µs, all on one core", tableOf(results, WORK_COLUMNS), gaps(results)].join("\n");
}

function tableOf(results: Results, columns: readonly Column[]): string {
  const rows = shown(results).map(({ name, title }) => [title, ...columns.map(({ key }) => middle(results, name, key))]);
  const filled = rows.filter((row) => row.slice(1).some((text) => text !== ""));
  return textTable({ headings: ["", ...columns.map((column) => column.title)], rows: filled });
}

function payloadTable(results: Results, families: readonly (typeof PAYLOADS)[number][]): string {
  const columns = families.flatMap((family) =>
    SIZES[results.mode === "quick" ? "quick" : "full"].map((bytes) => ({
      title: `${family} ${sizeText(bytes)}`,
      key: `${family}/${bytes}.ms`,
    }))
  );
  const rows = shown(results).map(({ name, title }) => [title, ...columns.map(({ key }) => middle(results, name, key))]);
  const filled = rows.filter((row) => row.slice(1).some((text) => text !== ""));
  return textTable({ headings: ["ms", ...columns.map((column) => column.title)], rows: filled });
}

function targets(results: Results): string {
  const verdict = (met: boolean | undefined): string => met === undefined ? "-" : met ? "met" : "NOT MET";
  // A quick bench has no doublings.
  const measured = targetsOf(results).filter((target) => target.met !== undefined || results.mode === "full");
  return textTable({ rows: measured.map(({ wanted, measured, met }) => [wanted, measured, verdict(met)]) });
}

function gaps(results: Results): string {
  const lines = shown(results).flatMap(({ name, title }) =>
    notesOf(results, name).map(({ steps, note }) => `${title}: ${steps.join(", ")}: ${note}`)
  );
  const other = fromOtherRuns(results);
  return [...lines, ...(other.length === 0 ? [] : [`Not measured in the same run as the rest: ${other.join(", ")}`])].join("\n");
}

function shown(results: Results): readonly { name: string; title: string }[] {
  return PEERS.filter(({ name }) => name in results.peers);
}

function middle(results: Results, peer: string, key: string): string {
  return readable(figureOf(results, peer, key)?.median ?? NaN);
}
