/**
 * docs/performance.md.
 *
 * @module
 */
import { PEERS, type PeerSpec } from "../peers.ts";
import { type PAYLOADS, SIZES } from "../plan.ts";
import type { Results } from "../results.ts";
import { type Target, targetsOf } from "../targets.ts";
import { cell, type Column, COLUMNS, fromOtherRuns, notesOf, sizeText } from "./columns.ts";

/** The page, from the results alone. */
export function renderPage(results: Results): string {
  return [
    "# Performance",
    intro(results),
    "![Small calls, start, calls a second and chunks a second of all peers](performance.svg)",
    "## What was wanted, and what was measured",
    targetTable(targetsOf(results)),
    "## Small calls, starts, streams",
    table(results, COLUMNS),
    NOTES,
    "## Large arguments and results",
    "Milliseconds for a call with a string of that length, as JSON or whatever else the peer sends. `memcpy` is one copy of the same bytes.",
    table(results, sizes("argument")),
    table(results, sizes("result")),
    "The same sizes as bytes, which this project hands over as files: the plugin reads the file, and so does the caller. `deno task bench payload` tells more.",
    table(results, sizes("file-argument")),
    table(results, sizes("file-result")),
    "## What is missing",
    gaps(results),
    "## Peers",
    versions(results),
  ].join("\n\n") + "\n";
}

function intro(results: Results): string {
  const { cores, system, deno, python, node } = results.machine;
  return `This page is written by \`deno task bench\`; do not edit it. It was measured on ${
    results.run.slice(0, 10)
  } in one run on a machine with ${cores} cores, ${system}, Deno ${deno}, Python ${python} and Node ${node}. Times of another machine will differ; the ratios should not by much.

All peers do the same work, a function that adds one, in a Python process of its own (the Deno plugins: in a Deno process). Each is called in its natural idiom, from the language it is made for, over kept-alive
connections where it has them, after warming up. The peers take turns, round after round, so that what else the machine does hits all alike. Each number is the median of the rounds, ± is half their range. \`deno task bench --quick\` prints the same table in less than two
minutes, \`deno task bench --only execnet\` measures one peer again.`;
}

const NOTES =
  `_Start_ is the first one of a fresh host program, up to the moment when the plugin can be called; _started again_ is the next one in the same program. _Stopped_ is how long it takes to end all that was started. _Cancelled_ is when the caller has its answer,
_free again_ when the worker has answered the next call. _Worker_ memory counts all processes behind the host, pages that they share more than once. An empty cell: not measured, or the peer has no such thing; a dash: see below.`;

function targetTable(targets: readonly Target[]): string {
  const verdict = (met: boolean | undefined): string => met === undefined ? "–" : met ? "met" : "**not met**";
  const rows = targets.map(({ wanted, measured, met }) => `| ${wanted} | ${measured} | ${verdict(met)} |`);
  return ["| wanted | measured | |", "| --- | --- | --- |", ...rows].join("\n");
}

function table(results: Results, columns: readonly Column[]): string {
  const rows = shown(results).map((spec) => [nameOf(spec), ...columns.map(({ key }) => cell(results, spec.name, key))]);
  const filled = rows.filter((row) => row.slice(1).some((text) => text !== ""));
  const head = ["", ...columns.map(({ title }) => title)];
  return [head, head.map((_, index) => index === 0 ? "---" : "--:"), ...filled].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function sizes(family: (typeof PAYLOADS)[number]): Column[] {
  const what = family.replace(/^file-(.*)/, "$1 as file,");
  return SIZES.full.map((bytes) => ({ title: `${what} ${sizeText(bytes)}`, key: `${family}/${bytes}.ms` }));
}

function gaps(results: Results): string {
  const lines = shown(results).flatMap(({ name, title }) =>
    notesOf(results, name).map(({ steps, note }) => `- ${title}: \`${steps.join("`, `")}\`: ${note}`)
  );
  return lines.length === 0 ? "Nothing." : lines.join("\n");
}

function versions(results: Results): string {
  const known = shown(results).flatMap(({ name }) => results.peers[name]!.version ?? []);
  const other = fromOtherRuns(results);
  const late = other.length === 0 ? "" : `\n\nNot measured in the same run as the rest: ${other.join(", ")}.`;
  return `${[...new Set(known)].join("; ")}.${late}`;
}

function shown(results: Results): readonly PeerSpec[] {
  return PEERS.filter(({ name }) => name in results.peers);
}

function nameOf({ title, group }: PeerSpec): string {
  if (group === "ours") return `**${title}**`;
  return group === "floor" ? `_${title}_` : title;
}
