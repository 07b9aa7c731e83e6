/**
 * `docs/payload.md`, from the numbers alone.
 *
 * @module
 */
import { wrapped } from "@remote-plugin/tools/page-style";
import { markdownTable } from "@remote-plugin/tools/tables";
import { formatBytes, type Row } from "./svg.ts";
import { WAYS } from "./ways.ts";

/** The most memory of host and worker, as multiples of the value, by a way. */
export type MemoryRow = readonly [way: string, host: number, worker: number];

/** What is on the page. */
export interface PayloadResults {
  /** The folder in which the files were. */
  readonly folder: string;
  readonly rows: readonly Row[];
  readonly memory: readonly MemoryRow[];
}

/** A plain copy into a new file of the same file system, and into the same pages again. */
export const COPIES = ["memcpy, new file", "memcpy, same pages again"] as const;

/** The size of which the targets speak. */
export const BIG = 64 * 1024 * 1024;

const NAMES: readonly string[] = [...WAYS.map(({ name }) => name), ...COPIES];

/** All of it. */
export function payloadPage(results: PayloadResults): string {
  const big = results.rows.find(({ size }) => size === BIG);
  return [
    "# How long values take",
    ...[...intro(results), inline(results.rows), TAKEN].map((paragraph) => wrapped(paragraph)),
    "![Times by size](payload.svg)",
    times(results.rows),
    ...(big === undefined ? [] : [ratios(big), wrapped(REMARKS), spread(big)]),
    memory(results),
  ].join("\n\n") + "\n";
}

/** The ratios alone. */
export function payloadText({ rows, memory: most }: PayloadResults): string {
  const big = rows.find(({ size }) => size === BIG);
  return [...(big === undefined ? [times(rows)] : [ratios(big), spread(big)]), memory({ memory: most })].join("\n\n");
}

function intro({ folder }: PayloadResults): string[] {
  const where = folder.replace(/remote-plugin-\w+/, "…");
  const [date, cores] = [new Date().toISOString().slice(0, 10), navigator.hardwareConcurrency];
  return [
    "This page is written by `deno task bench`; do not edit it. " +
    `It was measured on ${date} with Deno ${Deno.version.deno} on ${cores} cores, files in \`${where}\`.`,
    "A time goes from the call to having the bytes in hand on the other side. Times are medians of runs in turn, in milliseconds. " +
    "An empty field: the way does not reach that far.",
    "_file_: in new memory, a `bytes` object in Python, a `Uint8Array` in the host. " +
    "_file, kept memory_: read into memory that is there, by `readinto` and by `bytes({ into })`. " +
    "_file, mmap_: mapped, and every page looked at, by `mmap` and by `map()`, which takes `--allow-ffi`.",
  ];
}

/** Up to where results come inside the JSON is decided by this comparison. */
function inline(rows: readonly Row[]): string {
  const isFaster = ({ cells }: Row) =>
    cells["base64 in JSON, out"] !== undefined && cells["base64 in JSON, out"].ms <= cells["file, out"]!.ms;
  const last = rows.findLast(isFaster);
  const measured = last === undefined
    ? "a file was faster at every size"
    : `that was no slower than a file up to ${formatBytes(last.size)}`;
  return `Up to 64 KiB a result's bytes travel as base64 inside the JSON. In this run ${measured}.`;
}

function times(rows: readonly Row[]): string {
  const cell = (row: Row, name: string) => row.cells[name] === undefined ? "" : String(Number(row.cells[name].ms.toPrecision(3)));
  const heads = ["ms", ...rows.map(({ size }) => formatBytes(size))];
  return markdownTable({ heads, numbersFrom: 1 }, NAMES.map((name) => [name, ...rows.map((row) => cell(row, name))]));
}

function ratios(row: Row): string {
  const ratio = (over: string, under: string) => (row.cells[over]!.ms / row.cells[under]!.ms).toFixed(1);
  const lines = (["in", "out"] as const).flatMap((direction) => {
    const files = WAYS.filter((way) => way.direction === direction && way.name.startsWith("file")).map(({ name }) => name);
    return [
      ...files.map((name) => [`${name} : memcpy to a new file`, ratio(name, COPIES[0]), "at most 3"]),
      ...files.map((name) => [`base64 in JSON, ${direction} : ${name}`, ratio(`base64 in JSON, ${direction}`, name), "at least 20"]),
    ];
  });
  return markdownTable({ heads: [`at ${formatBytes(row.size)}`, "ratio", "target"], numbersFrom: 1 }, lines);
}

const TAKEN = "A call has what it is made with: its values, and bytes up to 1 MiB, which are copied in that moment. " +
  "That copy takes a hundredth of the time of a call with 64 KiB, and up to a third of that with 1 MiB, as `deno task bench blocking` shows. " +
  "With 64 MiB it would take as long as the call. So a larger buffer must be left alone until the call settles, and one of a configuration until the plugin ends. " +
  "A stream, and a `toTempFile` of your own, is read when the call is sent, not when it is made.";

const REMARKS = "New memory costs some 20 ms for 64 MiB, twice the copy itself, for the system clears it page by page. " +
  "It is the same for a program that reads its own file. " +
  'A Python plugin spares it by `np.load(path, mmap_mode="r")`, by `mmap`, or by `readinto`. ' +
  'With glibc, `"env_vars": { "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1" }` in its manifest spares it too, for it asks for large pages.';

function spread(row: Row): string {
  const rows = NAMES.map((name) => {
    const { ms, low, high } = row.cells[name]!;
    return [name, ...[ms, low, high].map((value) => value.toFixed(1))];
  });
  return markdownTable({ heads: [`at ${formatBytes(row.size)}`, "median ms", "least", "most"], numbersFrom: 1 }, rows);
}

function memory({ memory: rows }: Pick<PayloadResults, "memory">): string {
  const heads = [`most memory for ${formatBytes(BIG)}, as a multiple of them`, "host", "worker"];
  return markdownTable({ heads, numbersFrom: 1 }, rows.map(([name, host, worker]) => [name, host.toFixed(2), worker.toFixed(2)]));
}
