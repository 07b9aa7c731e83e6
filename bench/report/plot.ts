/**
 * docs/performance.svg: eight panels, a row for each peer, a dot for the median and a line for the range of the rounds.
 *
 * @module
 */
import { escape } from "@std/html";
import { PEERS, type PeerSpec } from "../peers.ts";
import { type Figure, figureOf, type Results } from "../results.ts";
import { readable } from "./columns.ts";

interface Panel {
  readonly title: string;
  readonly hint: string;
  readonly key: string;
  readonly better: "less" | "more";
}

const PANELS: readonly Panel[] = [
  { title: "Small call", hint: "µs, median; less is better", key: "call.p50_us", better: "less" },
  { title: "64 calls at once", hint: "calls a second; more is better", key: "open64.per_s", better: "more" },
  { title: "Processor time, 1 call open", hint: "µs a call, both sides, one core", key: "one/call.work_us", better: "less" },
  { title: "Processor time, 64 open", hint: "µs a call, both sides, one core", key: "one/open64.work_us", better: "less" },
  { title: "Stream of small chunks", hint: "chunks a second; more is better", key: "stream.per_s", better: "more" },
  { title: "Start to ready", hint: "ms, fresh host; less is better", key: "start.ready_ms", better: "less" },
  { title: "Memory of the worker", hint: "MB, all its processes; less is better", key: "memory.worker_mb", better: "less" },
  { title: "Result of 16 MB", hint: "ms; less is better", key: "result/16777216.ms", better: "less" },
];

const COLOURS: Readonly<Record<PeerSpec["group"], string>> = { ours: "#0b7a75", floor: "#8a8f98", peer: "#b4552d" };
const [WIDTH, MARGIN, LABEL, ROW, HEAD, GAP, COLUMNS] = [1180, 28, 214, 20, 62, 30, 2];
const PANEL_WIDTH = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) / COLUMNS;
const VALUE_WIDTH = 58;

/** The plot, from the results alone. */
export function renderPlot(results: Results): string {
  const panels = PANELS.map((panel) => ({ panel, rows: rowsOf(results, panel) })).filter(({ rows }) => rows.length > 0);
  const drawn: string[] = [];
  const heights = Array.from({ length: COLUMNS }, () => 92);
  for (const { panel, rows } of panels) {
    const column = heights.indexOf(Math.min(...heights));
    const x = MARGIN + column * (PANEL_WIDTH + GAP);
    drawn.push(drawPanel(panel, rows, { x, y: heights[column]! }));
    heights[column]! += HEAD + rows.length * ROW + 40;
  }
  const height = Math.max(...heights);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Performance beside the peers" font-family="system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif">`,
    `<rect width="${WIDTH}" height="${height}" rx="10" fill="#fcfcfa" stroke="#e4e4de"/>`,
    header(results),
    ...drawn,
    "</svg>\n",
  ].join("\n");
}

interface Row {
  readonly spec: PeerSpec;
  readonly figure: Figure;
}

function rowsOf(results: Results, { key, better }: Panel): Row[] {
  const rows = PEERS.flatMap((spec) => {
    const figure = figureOf(results, spec.name, key);
    return figure === undefined ? [] : [{ spec, figure }];
  });
  return rows.sort((a, b) => better === "less" ? a.figure.median - b.figure.median : b.figure.median - a.figure.median);
}

function header(results: Results): string {
  const legend = ([["ours", "this project"], ["peer", "peers"], ["floor", "floors: what the machine can do"]] as const)
    .map(([group, text], index) => {
      const x = MARGIN + 6 + [0, 112, 186][index]!;
      return `<circle cx="${x}" cy="70" r="5" fill="${COLOURS[group]}"/>${label(text, { x: x + 11, y: 74, size: 12.5 })}`;
    });
  const { cores, system, deno, python } = results.machine;
  const facts = `${results.run.slice(0, 10)}, ${cores} cores, ${system}, Deno ${deno}, Python ${python}`;
  return [
    label("The same work, side by side", { x: MARGIN, y: 40, size: 21, weight: 650 }),
    label(facts, { x: WIDTH - MARGIN, y: 40, size: 12, fill: "#6c7079", anchor: "end" }),
    label("logarithmic; dot: median, line: range of the rounds", { x: WIDTH - MARGIN, y: 74, size: 12, fill: "#6c7079", anchor: "end" }),
    ...legend,
  ].join("\n");
}

interface Place {
  readonly x: number;
  readonly y: number;
}

function drawPanel({ title, hint }: Panel, rows: readonly Row[], { x, y }: Place): string {
  const scale = logScale(rows.flatMap(({ figure }) => [figure.least, figure.most]));
  const left = x + LABEL;
  const width = PANEL_WIDTH - LABEL - VALUE_WIDTH;
  const toX = (value: number): number => left + scale.place(value) * width;
  const top = y + HEAD - 14;
  const bottom = top + rows.length * ROW;
  const grid = scale.ticks.map((tick) =>
    `<path d="M${at(toX(tick))} ${top - 4}V${bottom}" stroke="#e6e6e0"/>${
      label(shortNumber(tick), { x: toX(tick), y: bottom + 14, size: 11, fill: "#6c7079", anchor: "middle" })
    }`
  );
  const lines = rows.map((row, index) => drawRow(row, { y: top + (index + 0.5) * ROW, left, right: x + PANEL_WIDTH, toX }));
  const heading = label(title, { x, y: y + 18, size: 15, weight: 650 }) +
    label(hint, { x: x + PANEL_WIDTH, y: y + 18, size: 12, fill: "#6c7079", anchor: "end" });
  return [`<g>${heading}<path d="M${at(x)} ${y + 28}H${at(x + PANEL_WIDTH)}" stroke="#d5d5cd"/>`, ...grid, ...lines, "</g>"].join("\n");
}

interface RowPlace {
  readonly y: number;
  readonly left: number;
  readonly right: number;
  readonly toX: (value: number) => number;
}

function drawRow({ spec, figure }: Row, { y, left, right, toX }: RowPlace): string {
  const colour = COLOURS[spec.group];
  const own = spec.group === "ours";
  const band = own
    ? `<rect x="${at(left - LABEL)}" y="${at(y - ROW / 2)}" width="${
      at(right - left + LABEL)
    }" height="${ROW}" fill="#0b7a75" fill-opacity="0.07"/>`
    : "";
  const name = label(titleOf(spec), {
    x: left - 12,
    y: y + 4,
    size: 12,
    anchor: "end",
    weight: own ? 650 : 400,
    fill: own ? "#0a5f5b" : "#33363c",
  });
  const range = `<path d="M${at(toX(figure.least))} ${at(y)}H${
    at(toX(figure.most))
  }" stroke="${colour}" stroke-width="3" stroke-linecap="round" opacity="0.45"/>`;
  const dot = `<circle cx="${at(toX(figure.median))}" cy="${at(y)}" r="${own ? 5 : 4.2}" fill="${colour}"/>`;
  const value = label(readable(figure.median), { x: right, y: y + 4, size: 12, anchor: "end", weight: own ? 650 : 400, fill: "#33363c" });
  return band + name + range + dot + value;
}

/** Titles that continue the row above in a table stand alone here. */
function titleOf({ name, title }: PeerSpec): string {
  const runtime = name.startsWith("ours-deno") ? "Deno" : "Python";
  const plugin = `${runtime} plugin`;
  return title.replace("this project, ", "")
    .replace("… 8 calls at once in the worker", `${plugin}, 8 at once`)
    .replace("… over HTTP, 8 calls at once", `${runtime}, HTTP, 8 at once`)
    .replace("… over HTTP", `${plugin}, HTTP`)
    .replace("… blocking proxy", `${plugin}, blocking`)
    .replace("the original's own worker", "the original's worker")
    .replace("MCP TypeScript SDK, Python server", "MCP TypeScript SDK");
}

interface Scale {
  /** From 0 to 1. */
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

function logScale(values: readonly number[]): Scale {
  const low = Math.log10(Math.min(...values)) - 0.06;
  const high = Math.log10(Math.max(...values)) + 0.06;
  const all = Array.from({ length: 14 }, (_, power) => [1, 3].map((digit) => digit * 10 ** (power - 3))).flat();
  const inside = all.filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high);
  const ticks = inside.length > 6 ? inside.filter((tick) => Number.isInteger(Math.round(Math.log10(tick) * 1e6) / 1e6)) : inside;
  return { place: (value) => (Math.log10(value) - low) / (high - low), ticks };
}

function shortNumber(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  return value >= 1e3 ? `${value / 1e3}k` : String(Number(value.toPrecision(2)));
}

interface LabelStyle extends Place {
  readonly size: number;
  readonly fill?: string;
  readonly weight?: number;
  readonly anchor?: "start" | "middle" | "end";
}

function label(text: string, { x, y, size, fill = "#1d1f23", weight = 400, anchor = "start" }: LabelStyle): string {
  return `<text x="${at(x)}" y="${at(y)}" font-size="${size}" font-weight="${weight}" fill="${fill}" text-anchor="${anchor}">${
    escape(text)
  }</text>`;
}

function at(value: number): number {
  return Math.round(value * 10) / 10;
}
