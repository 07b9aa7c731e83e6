/**
 * docs/performance.md.
 *
 * @module
 */
import { wrapped } from "@remote-plugin/tools/page-style";
import { markdownTable } from "@remote-plugin/tools/tables";
import { PEERS, type PeerSpec } from "../peers.ts";
import { type PAYLOADS, SIZES } from "../plan.ts";
import type { Results } from "../results.ts";
import { type Target, targetsOf } from "../targets.ts";
import { cell, type Column, COLUMNS, fromOtherRuns, notesOf, sizeText } from "./columns.ts";

/** The page, from the results alone. */
export function renderPage(results: Results): string {
  return [
    "# Performance",
    ...intro(results).map((paragraph) => wrapped(paragraph)),
    "![Small calls, start, calls a second and chunks a second of all peers](performance.svg)",
    "## What was wanted, and what was measured",
    targetTable(targetsOf(results)),
    TARGET_NOTES.map(item).join("\n"),
    "## Small calls, starts, streams",
    table(results, COLUMNS),
    NOTES.map(item).join("\n"),
    "## Large arguments and results",
    wrapped(
      "Milliseconds for a call with a string of that length, as JSON or whatever else the peer sends. `memcpy` is one copy of the same bytes.",
    ),
    table(results, sizes("argument")),
    table(results, sizes("result")),
    wrapped(
      "The same sizes as bytes. This project hands them over as files. The plugin reads the file, and so does the caller. `deno task bench payload` tells more.",
    ),
    table(results, sizes("file-argument")),
    table(results, sizes("file-result")),
    "## What is missing",
    gaps(results),
    "## Peers",
    wrapped(versions(results)),
  ].join("\n\n") + "\n";
}

function intro({ machine: { cores, system, deno, python, node }, run }: Results): string[] {
  return [
    "This page is written by `deno task bench`; do not edit it. " +
    `It was measured on ${run.slice(0, 10)} in one run, on ${cores} cores, ${system}, Deno ${deno}, Python ${python} and Node ${node}. ` +
    "Times of another machine will differ. The ratios should not by much.",
    "All peers do the same work, a function that adds one. It runs in a Python process of its own, or in a Deno process for the Deno plugins. " +
    "Each peer is called in its natural idiom, from the language it is made for, after warming up. Connections are kept alive where there are some. " +
    "The peers take turns, round after round, so that what else the machine does hits all alike. " +
    "Each number is the median of the rounds, and ± is half their range.",
    "`deno task bench --quick` prints the same table in less than two minutes. `deno task bench --only execnet` measures one peer again.",
  ];
}

const TARGET_NOTES: readonly string[] = [
  "10,000 calls a second are wanted where the bare fetch loop reaches as many. The worker runs 1 or 8 calls at once.",
  "An exponent of 1 is a cost that doubles when the amount does. A copy of memory has a larger one of its own, for caches and fresh pages count.",
];

const NOTES: readonly string[] = [
  "_Start_ is the first one of a fresh host program, up to the moment when the plugin can be called.",
  "_Started again_ is the next one in the same program.",
  "_Stopped_ is how long it takes to end all that was started.",
  "_Cancelled_ is when the caller has its answer.",
  "_Free again_ is when the worker has answered the next call.",
  "_Worker_ memory counts all processes behind the host, and pages that they share more than once.",
  "An empty cell: not measured, or the peer has no such thing. A dash: see below.",
];

function item(text: string): string {
  return wrapped(`- ${text}`, "  ");
}

function targetTable(targets: readonly Target[]): string {
  const verdict = (met: boolean | undefined): string => met === undefined ? "–" : met ? "met" : "**not met**";
  return markdownTable({ heads: ["wanted", "measured", ""] }, targets.map(({ wanted, measured, met }) => [wanted, measured, verdict(met)]));
}

function table(results: Results, columns: readonly Column[]): string {
  const rows = shown(results).map((spec) => [nameOf(spec), ...columns.map(({ key }) => cell(results, spec.name, key))]);
  const filled = rows.filter((row) => row.slice(1).some((text) => text !== ""));
  return markdownTable({ heads: ["", ...columns.map(({ title }) => title)], numbersFrom: 1 }, filled);
}

function sizes(family: (typeof PAYLOADS)[number]): Column[] {
  const what = family.replace(/^file-(.*)/, "$1 as file,");
  return SIZES.full.map((bytes) => ({ title: `${what} ${sizeText(bytes)}`, key: `${family}/${bytes}.ms` }));
}

function gaps(results: Results): string {
  const lines = shown(results).flatMap(({ name, title }) =>
    notesOf(results, name).map(({ steps, note }) => item(`${title}: \`${steps.join("`, `")}\`: ${note}`))
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
