/**
 * The gateway's part of docs/performance.md.
 *
 * @module
 */
import { wrapped } from "@remote-plugin/tools/page-style";
import { markdownTable } from "@remote-plugin/tools/tables";
import type { Results } from "../results.ts";
import { cell, type Column, notesOf } from "./columns.ts";

const INTRO: readonly string[] = [
  "`remote-plugin serve` with a Python plugin, beside a bare `Deno.serve()` that parses JSON and answers with JSON, and writes an upload into a file. " +
  "Client, server and worker are processes of their own on one machine. `deno task bench gateway` measures this part alone.",
  "A client of small calls keeps its connections, and costs as little as can be. Processor time is that of the server's process. " +
  "The plugin's worker and the client come on top. Streams and files are called by `attach()`, as users do.",
];

const ROWS = [["gateway", "`remote-plugin serve`"], ["bare", "_bare `Deno.serve()`_"]] as const;

const CALLS: readonly Column[] = [
  { title: "calls/s, 1 open", key: "open1.per_s" },
  { title: "calls/s, 64 open", key: "open64.per_s" },
  { title: "processor µs, 64 open", key: "open64.server_us" },
  { title: "chunks/s", key: "stream.per_s" },
];

const FILES: readonly Column[] = [
  { title: "64 MiB in, ms", key: "file.up_ms" },
  { title: "64 MiB out, ms", key: "file.down_ms" },
  { title: "memory a call in, MiB", key: "memory.up_mib" },
  { title: "memory a call out, MiB", key: "memory.down_mib" },
];

/** The tables of the gateway, and what honest clients had of it while others attacked. */
export function gatewaySection(results: Results): string[] {
  const { run, machine: { cores, deno } } = results;
  const when = `Measured on ${run.slice(0, 10)}, on ${cores} cores, Deno ${deno}.`;
  return [
    "## Plugins over the network",
    ...INTRO.map((text) => wrapped(text)),
    wrapped(when),
    table(results, CALLS),
    table(results, FILES),
    ...attacks(results),
    ...notes(results),
  ];
}

function table(results: Results, columns: readonly Column[]): string {
  const rows = ROWS.map(([name, title]) => [title, ...columns.map(({ key }) => cell(results, name, key))]);
  return markdownTable({ heads: ["", ...columns.map(({ title }) => title)], numbersFrom: 1 }, rows);
}

function attacks(results: Results): string[] {
  const names = Object.keys(results.peers.gateway?.values ?? {}).flatMap((key) => /^attack-(.*)\.p50_ms$/.exec(key)?.[1] ?? []);
  if (names.length === 0) return [];
  const rows = names.map((
    name,
  ) => [name, cell(results, "gateway", `attack-${name}.p50_ms`), cell(results, "gateway", `attack-${name}.most_ms`)]);
  const heads = ["meanwhile", "an honest call, ms", "the longest, ms"];
  return [
    wrapped("How long a small call on a new connection takes, while others do their worst:"),
    markdownTable({ heads, numbersFrom: 1 }, rows),
  ];
}

/** What could not be measured, and why. */
function notes(results: Results): string[] {
  const lines = ROWS.flatMap(([name, title]) =>
    notesOf(results, name).map(({ steps, note }) => wrapped(`- ${title}: \`${steps.join("`, `")}\`: ${note}`, "  "))
  );
  return lines.length === 0 ? [] : [lines.join("\n")];
}
