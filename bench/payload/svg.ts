/**
 * Draws times by size, both on logarithmic axes, as an SVG picture for light and dark pages.
 *
 * @module
 */

/** Times in milliseconds. */
export interface Cell {
  readonly ms: number;
  readonly low: number;
  readonly high: number;
}

/** What was measured at one size, by the names of the ways. */
export interface Row {
  readonly size: number;
  readonly cells: Readonly<Record<string, Cell>>;
}

const PLOT = { left: 76, right: 690, top: 60, bottom: 440 };
const HEIGHT = 500;
const WIDTH = 960;
const COLOURS = [
  ...["#b45309", "#dc2626", "#0b6e99", "#0f766e", "#4f46e5"],
  ...["#d97706", "#f87171", "#3b9fd1", "#14b8a6", "#818cf8"],
  ...["#6b7280", "#9ca3af"],
];

const STYLE = `
    .page { fill: #ffffff } .grid { stroke: #dde1e6 } text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: #55606c }
    .title { font-size: 18px; font-weight: 600; fill: #1c2630 }
    @media (prefers-color-scheme: dark) { .page { fill: #14191f } .grid { stroke: #2b333c } text { fill: #a9b4bf } .title { fill: #eef2f6 } }`;

/** The picture as the text of an SVG file. */
export function payloadSvg(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap(({ cells }) => Object.keys(cells)))];
  const all = rows.flatMap(({ cells }) => Object.values(cells).map(({ ms }) => ms));
  const x = scale([rows[0]!.size, rows.at(-1)!.size], [PLOT.left, PLOT.right]);
  const y = scale([10 ** Math.floor(Math.log10(Math.min(...all))), 10 ** Math.ceil(Math.log10(Math.max(...all)))], [PLOT.bottom, PLOT.top]);
  const last = (name: string) => rows.findLast(({ cells }) => cells[name] !== undefined)!.cells[name]!.ms;
  const legend = names.toSorted((a, b) => last(b) - last(a));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title">`,
    `  <style>${STYLE}\n  </style>`,
    `  <rect class="page" width="${WIDTH}" height="${HEIGHT}" rx="8"/>`,
    `  <text class="title" id="title" x="${PLOT.left}" y="34">Milliseconds to hand over a value, by its size</text>`,
    ...powers(y.domain).flatMap((
      ms,
    ) => [rule([PLOT.left, y.at(ms), PLOT.right, y.at(ms)]), label(`${ms} ms`, PLOT.left - 8, y.at(ms) + 4, "end")]),
    ...rows.flatMap(({ size }) => [rule([x.at(size), PLOT.top, x.at(size), PLOT.bottom]), slanted(formatBytes(size), x.at(size))]),
    ...names.map((name, i) => line(rows, name, { x, y, colour: COLOURS[i % COLOURS.length]! })),
    ...legend.flatMap((name, i) => key(name, PLOT.top + 12 + 24 * i, COLOURS[names.indexOf(name) % COLOURS.length]!)),
    "</svg>\n",
  ].join("\n");
}

interface Scale {
  readonly domain: readonly [number, number];
  at(value: number): number;
}

function scale(domain: readonly [number, number], [from, to]: readonly [number, number]): Scale {
  const [low, high] = domain.map(Math.log10) as [number, number];
  return { domain, at: (value) => Math.round(10 * (from + (Math.log10(value) - low) / (high - low) * (to - from))) / 10 };
}

function powers([low, high]: readonly [number, number]): number[] {
  const first = Math.round(Math.log10(low));
  return Array.from({ length: Math.round(Math.log10(high)) - first + 1 }, (_, i) => Number((10 ** (first + i)).toPrecision(1)));
}

function line(rows: readonly Row[], name: string, { x, y, colour }: { x: Scale; y: Scale; colour: string }): string {
  const points = rows.flatMap(({ size, cells }) => cells[name] === undefined ? [] : [`${x.at(size)},${y.at(cells[name].ms)}`]);
  const dash = name.startsWith("memcpy") ? ` stroke-dasharray="5 4"` : "";
  return `  <polyline points="${points.join(" ")}" fill="none" stroke="${colour}" stroke-width="2"${dash}/>`;
}

function key(name: string, y: number, colour: string): string[] {
  return [
    `  <path d="M${PLOT.right + 24},${y - 4}H${PLOT.right + 52}" stroke="${colour}" stroke-width="3"/>`,
    label(name, PLOT.right + 60, y, "start"),
  ];
}

function rule([x1, y1, x2, y2]: readonly [number, number, number, number]): string {
  return `  <path class="grid" d="M${x1},${y1}L${x2},${y2}"/>`;
}

function label(text: string, x: number, y: number, anchor: string): string {
  return `  <text x="${x}" y="${y}" text-anchor="${anchor}">${text}</text>`;
}

function slanted(text: string, x: number): string {
  return `  <text transform="translate(${x + 4} ${PLOT.bottom + 16}) rotate(-35)" text-anchor="end">${text}</text>`;
}

/** A size in the unit that makes it a small whole number. */
export function formatBytes(bytes: number): string {
  const [unit, factor] = bytes >= 2 ** 30 ? ["GiB", 2 ** 30] : bytes >= 2 ** 20 ? ["MiB", 2 ** 20] : ["KiB", 2 ** 10];
  return `${bytes / factor} ${unit}`;
}
