/**
 * The columns of the tables, and numbers as people read them.
 *
 * @module
 */
import { PEERS } from "../peers.ts";
import { type PAYLOADS, SIZES } from "../plan.ts";
import { type Figure, figureOf, type Results } from "../results.ts";

/** A column. */
export interface Column {
  readonly title: string;
  /** The value in the results. */
  readonly key: string;
}

/** The columns of the main table. */
export const COLUMNS: readonly Column[] = [
  { title: "start, ms", key: "start.ready_ms" },
  { title: "first result, ms", key: "start.first_ms" },
  { title: "started again, ms", key: "again.ready_ms" },
  { title: "call p50, µs", key: "call.p50_us" },
  { title: "call p99, µs", key: "call.p99_us" },
  { title: "calls/s, 1 open", key: "open1.per_s" },
  { title: "calls/s, 16 open", key: "open16.per_s" },
  { title: "calls/s, 64 open", key: "open64.per_s" },
  { title: "chunks/s", key: "stream.per_s" },
  { title: "first chunk, ms", key: "stream.first_ms" },
  { title: "stopped, ms", key: "stop.ms" },
  { title: "cancelled, ms", key: "cancel.answered_ms" },
  { title: "free again, ms", key: "cancel.free_ms" },
  { title: "host, MB", key: "memory.host_mb" },
  { title: "worker, MB", key: "memory.worker_mb" },
  { title: "worker, shared once, MB", key: "memory.worker_pss_mb" },
];

/** The columns of the table of placements. */
export const PLACED_COLUMNS: readonly Column[] = [
  ...placed("call.p50_us", "call p50, µs"),
  ...placed("open16.per_s", "calls/s, 16 open"),
  ...placed("open64.per_s", "calls/s, 64 open"),
];

function placed(value: string, title: string): Column[] {
  return [["one/", "one core"], ["", "two cores"], ["busy/", "beside a busy process"]].map(([step, where]) => ({
    title: `${title}, ${where}`,
    key: `${step}${value}`,
  }));
}

/** The columns of the table of processor time on one core. */
export const WORK_COLUMNS: readonly Column[] = [1, 64].flatMap((open) => {
  const step = open === 1 ? "one/call" : `one/open${open}`;
  return [["work_us", "both"], ["host_us", "host"], ["worker_us", "worker"]].map(([value, title]) => ({
    title: `processor µs, ${open} open, ${title}`,
    key: `${step}.${value}`,
  }));
});

/** The columns of a table of sizes. */
export function sizeColumns(family: (typeof PAYLOADS)[number]): Column[] {
  const what = family.replace(/^file-(.*)/, "$1 as file,");
  return SIZES.full.map((bytes) => ({ title: `${what} ${sizeText(bytes)}`, key: `${family}/${bytes}.ms` }));
}

/** A number with as many digits as it deserves, thousands apart. */
export function readable(value: number): string {
  if (!Number.isFinite(value)) return "";
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  const [whole = "", fraction] = value.toFixed(digits).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** Half the range as a share of the median, `""` for a single round. Where that is more than the median, the range itself tells more. */
export function spreadOf({ median, least, most, rounds }: Figure): string {
  if (rounds < 2) return "";
  const half = (most - least) / 2;
  return half > median ? ` (${readable(least)} to ${readable(most)})` : ` ±${median === 0 ? 0 : Math.round(half / median * 100)}%`;
}

/** A cell: the median with its spread, or nothing. */
export function cell(results: Results, peer: string, key: string): string {
  const figure = figureOf(results, peer, key);
  if (figure !== undefined) return readable(figure.median) + spreadOf(figure);
  return failureOf(results, peer, key) === undefined ? "" : "–";
}

/** Why a cell is empty. */
export function failureOf(results: Results, peer: string, key: string): string | undefined {
  return results.peers[peer]?.notes[key.split(".")[0]!];
}

/** A size in bytes. */
export function sizeText(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${bytes / 1024 / 1024} MB` : `${bytes / 1024} KB`;
}

/** What is missing of a peer and why; notes that say the same of several steps are one. */
export function notesOf(results: Results, peer: string): { readonly steps: readonly string[]; readonly note: string }[] {
  const steps = new Map<string, string[]>();
  for (const [step, note] of Object.entries(results.peers[peer]?.notes ?? {})) steps.set(note, [...steps.get(note) ?? [], step]);
  return [...steps].map(([note, names]) => ({ steps: names, note }));
}

/** The peers whose values came from another run than the rest, so that a ratio with them may hide a drift. */
export function fromOtherRuns(results: Results): string[] {
  return PEERS.filter(({ name }) => name in results.peers && results.peers[name]!.run !== results.run).map(({ title }) => title);
}
