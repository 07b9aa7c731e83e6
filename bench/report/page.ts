/**
 * docs/performance.md.
 *
 * @module
 */
import { wrapped } from "@remote-plugin/tools/page-style";
import { markdownTable } from "@remote-plugin/tools/tables";
import { gatewayTargets } from "../gateway/targets.ts";
import { PEERS, type PeerSpec } from "../peers.ts";
import type { Results } from "../results.ts";
import type { Target } from "../target.ts";
import { targetsOf } from "../targets.ts";
import { cell, type Column, COLUMNS, fromOtherRuns, notesOf, PLACED_COLUMNS, sizeColumns, WORK_COLUMNS } from "./columns.ts";
import { gatewaySection } from "./gateway_section.ts";
import { leadLines } from "./leads.ts";

/** The page, from the results alone; the gateway is measured in a run of its own. */
export function renderPage(results: Results, gateway?: Results): string {
  return [
    "# Performance",
    ...intro(results).map((paragraph) => wrapped(paragraph)),
    "## Where a peer is ahead",
    leads(results),
    "![Small calls, start, calls a second and chunks a second of all peers](performance.svg)",
    "## What was wanted, and what was measured",
    targetTable([...targetsOf(results), ...gateway === undefined ? [] : gatewayTargets(gateway)]),
    TARGET_NOTES.map(item).join("\n"),
    "## Small calls, starts, streams",
    table(results, COLUMNS),
    NOTES.map(item).join("\n"),
    "## Small calls wherever they run",
    ...PLACEMENTS.map((text) => wrapped(text)),
    table(placedOnly(results), PLACED_COLUMNS),
    "## Processor time of a small call",
    ...WORK.map((text) => wrapped(text)),
    table(results, WORK_COLUMNS),
    "## Large arguments and results",
    wrapped(
      "Milliseconds for a call with a string of that length, as JSON or whatever else the peer sends. `memcpy` is one copy of the same bytes.",
    ),
    table(results, sizeColumns("argument")),
    table(results, sizeColumns("result")),
    wrapped(
      "The same sizes as bytes. This project hands them over as files. The plugin reads the file, and so does the caller. `deno task bench payload` tells more.",
    ),
    table(results, sizeColumns("file-argument")),
    table(results, sizeColumns("file-result")),
    ...gateway === undefined ? [] : gatewaySection(gateway),
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
    "`deno task bench --quick` prints the ratios that matter most in less than two minutes. " +
    "`deno task bench --only execnet` measures one peer again. `deno task bench --work` looks at processor time alone.",
  ];
}

const PLACEMENTS: readonly string[] = [
  "A machine wakes a thread fast or slowly, and on the same core or on another one. The time of a small call depends on that more than on anything else. " +
  "So small calls are measured three times: with host and worker on one core, on two, and on two where a third process never rests. " +
  "The other tables have small calls on two cores.",
];

const WORK: readonly string[] = [
  "Host and worker are pinned to one core. The figures are the processor time that a call takes of it, in all processes on either side. " +
  "Waiting is not in it, so placement and other programs change it least. " +
  "The lines of JSON on pipes are a bare loop on both sides, called from Deno. A peer that is called from another runtime may be below them.",
];

const TARGET_NOTES: readonly string[] = [
  "Three figures are those on one core, on two, and on two beside a busy process. Such a target is met when it is met in each.",
  "_Lines_ are bare lines of JSON on pipes.",
  "10,000 calls a second are wanted where the bare fetch loop reaches as many. The worker runs 1 or 8 calls at once.",
  "An exponent of 1 is a cost that doubles when the amount does. A copy of memory has a larger one of its own, for caches and fresh pages count.",
];

const NOTES: readonly string[] = [
  "_Start_ is the first one of a fresh host program, up to the moment when the plugin can be called.",
  "_Started again_ is the next one in the same program.",
  "_Stopped_ is how long it takes to end all that was started.",
  "_Cancelled_ is when the caller has its answer.",
  "_Free again_ is when the worker has answered the next call.",
  "_Worker_ memory counts all processes behind the host, and pages that they share more than once. _Shared once_ counts such a page for each of them in part. The target goes by the former.",
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

/** Those that were measured in more than one placement. */
function placedOnly(results: Results): Results {
  const placed = Object.entries(results.peers).filter(([, { values }]) => "one/call.p50_us" in values);
  return { ...results, peers: Object.fromEntries(placed) };
}

function leads(results: Results): string {
  const lines = leadLines(results);
  if (lines.length === 0) return "Nowhere.";
  const how = wrapped(
    "Each cell of the tables below in which a peer has a better number than this project with a Python plugin, and what that has.",
  );
  return [how, lines.map((line) => wrapped(line, line.startsWith("-") ? "  " : "    ")).join("\n"), wrapped(LEFT_OUT)].join("\n\n");
}

const LEFT_OUT =
  "In parentheses stands what a peer cannot do. That is work which its calls do not have. The reasons tell what else it leaves out.";

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
