/**
 * Draws numbers over time, as an SVG picture for light and dark pages.
 *
 * @module
 */
import { escape } from "@std/html";

/** What is drawn. */
export interface LineChart {
  readonly title: string;
  /** What the numbers are, for example `"MiB"`. */
  readonly unit: string;
  /** The points in time, in minutes from the start. */
  readonly minutes: readonly number[];
  readonly lines: readonly ChartLine[];
}

/** One line; a number that is missing is `undefined`. */
export interface ChartLine {
  readonly name: string;
  readonly values: readonly (number | undefined)[];
}

const SIZE = { width: 800, height: 360 };
const PLOT = { left: 60, right: 640, top: 56, bottom: 310 };
const COLOURS = ["#0b6e99", "#c2571a", "#3f8f3f", "#8a4fa3", "#8a94a0"];

const STYLE = "text{font:12px system-ui,sans-serif;fill:#55606c}.page{fill:#fff}.title{font-size:16px;font-weight:600;fill:#1c2630}" +
  ".grid{stroke:#dde1e6}path{fill:none;stroke-width:1.5}@media(prefers-color-scheme:dark){.page{fill:#14191f}text{fill:#a9b4bf}" +
  ".title{fill:#eef2f6}.grid{stroke:#2b333c}}";

/** The picture as the text of an SVG file. */
export function lineChart(chart: LineChart): string {
  const lastMinute = Math.max(...chart.minutes, 1e-9);
  const step = niceStep(Math.max(...chart.lines.flatMap(({ values }) => values.map((value) => value ?? 0)), 1) / 5);
  const highest = step * Math.ceil(Math.max(...chart.lines.flatMap(({ values }) => values.map((value) => value ?? 0)), 1) / step);
  const x = (minute: number): number => PLOT.left + minute / lastMinute * (PLOT.right - PLOT.left);
  const y = (value: number): number => PLOT.bottom - value / highest * (PLOT.bottom - PLOT.top);
  const levels = Array.from({ length: Math.round(highest / step) + 1 }, (_, index) => index * step);
  const minuteStep = niceStep(lastMinute / 6);
  const marks = Array.from({ length: Math.floor(lastMinute / minuteStep + 1e-6) + 1 }, (_, index) => index * minuteStep);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-label="${escape(chart.title)}">
<style>${STYLE}</style>
<rect class="page" width="${SIZE.width}" height="${SIZE.height}" rx="8"/>
<text class="title" x="${PLOT.left}" y="30">${escape(chart.title)}</text>
${levels.map((level) => horizontal(y(level), `${short(level)} ${chart.unit}`)).join("\n")}
${marks.map((mark) => `<text x="${short(x(mark))}" y="${PLOT.bottom + 20}" text-anchor="middle">${short(mark)} min</text>`).join("\n")}
${chart.lines.map((line, index) => drawn(line, index, (at, value) => `${short(x(chart.minutes[at] ?? 0))},${short(y(value))}`)).join("\n")}
</svg>
`;
}

function horizontal(y: number, label: string): string {
  return `<path class="grid" d="M${PLOT.left} ${short(y)}H${PLOT.right}"/><text x="${PLOT.left - 6}" y="${
    short(y + 4)
  }" text-anchor="end">${label}</text>`;
}

function drawn({ name, values }: ChartLine, index: number, point: (at: number, value: number) => string): string {
  const points = values.flatMap((value, at) => value === undefined ? [] : [point(at, value)]);
  const colour = COLOURS[index % COLOURS.length];
  const legend = `<text x="${PLOT.right + 26}" y="${PLOT.top + 20 * index + 4}">${escape(name)}</text>`;
  const key = `M${PLOT.right + 8} ${PLOT.top + 20 * index}h14`;
  return `<path stroke="${colour}" d="${points.length === 0 ? "" : `M${points.join("L")}`}${key}"/>${legend}`;
}

/** 1, 2 or 5 times a power of ten, not less than `least`. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least) ?? 10 * power;
}

function short(value: number): string {
  return String(Number(value.toFixed(2)));
}
