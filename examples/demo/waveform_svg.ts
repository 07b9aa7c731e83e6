/**
 * Draws a recording with its segments marked, as an SVG picture for light and dark pages.
 *
 * @module
 */

/** What is drawn. */
export interface Waveform {
  readonly title: string;
  /** The line below the title. */
  readonly subtitle: string;
  /** The samples between -1 and 1. */
  readonly samples: Float64Array;
  /** Samples a second. */
  readonly rate: number;
  readonly marks: readonly Mark[];
}

/** A stretch of the recording, from `start` to `end` in seconds, with the lines of text that go above it. */
export interface Mark {
  readonly start: number;
  readonly end: number;
  readonly lines: readonly string[];
}

const SIZE = { width: 1000, height: 398 };
/** Where the waveform goes; the marks' text is above it, in the shaded band. */
const PLOT = { left: 64, right: 976, top: 164, bottom: 336 };
const BAND_TOP = 78;
const MIDDLE = (PLOT.top + PLOT.bottom) / 2;

const STYLE = `
    .page { fill: #ffffff } .band { fill: #0b6e99; fill-opacity: 0.12 } .edge { stroke: #0b6e99; stroke-width: 1.5 }
    .grid { stroke: #dde1e6 } .axis { stroke: #8a94a0 } .pause { fill: #8a94a0 } .speech { fill: #0b6e99 }
    text { font-family: system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; font-size: 12px; fill: #55606c }
    .title { font-size: 20px; font-weight: 600; fill: #1c2630 } .mark { font-size: 11px } .first { font-size: 14px; font-weight: 600; fill: #0a4f6e } #subtitle { font-size: 13px }
    @media (prefers-color-scheme: dark) {
      .page { fill: #14191f } .band { fill: #5ec4f0; fill-opacity: 0.14 } .edge { stroke: #5ec4f0 }
      .grid { stroke: #2b333c } .axis { stroke: #76828e } .pause { fill: #76828e } .speech { fill: #5ec4f0 }
      text { fill: #a9b4bf } .title { fill: #eef2f6 } .first { fill: #a5defa }
    }`;

/** The picture as the text of an SVG file. */
export function waveformSvg(waveform: Waveform): string {
  const seconds = waveform.samples.length / waveform.rate;
  const x = (second: number): number => seconds === 0 ? PLOT.left : PLOT.left + second / seconds * (PLOT.right - PLOT.left);
  const bands = waveform.marks.map(({ start, end }): Band => ({ left: x(start), width: x(end) - x(start) }));
  const shape = envelope(waveform.samples);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-labelledby="title subtitle">
  <style>${STYLE}
  </style>
  <clipPath id="speech">${bands.map((band) => rectangle(band, PLOT)).join("")}</clipPath>
  <rect class="page" width="${SIZE.width}" height="${SIZE.height}" rx="8"/>
  <text class="title" id="title" x="${PLOT.left}" y="38">${escape(waveform.title)}</text>
  <text id="subtitle" x="${PLOT.left}" y="60">${escape(waveform.subtitle)}</text>
${[...bands.flatMap(shading), ...amplitudeAxis(shape.peak), ...timeAxis(seconds, x)].join("\n")}
  <path class="pause" d="${shape.path}"/>
  <path class="speech" clip-path="url(#speech)" d="${shape.path}"/>
${waveform.marks.flatMap((mark) => caption(mark, x((mark.start + mark.end) / 2))).join("\n")}
</svg>
`;
}

interface Band {
  readonly left: number;
  readonly width: number;
}

function rectangle({ left, width }: Band, { top, bottom }: { readonly top: number; readonly bottom: number }): string {
  return `<rect x="${px(left)}" y="${px(top)}" width="${px(width)}" height="${px(bottom - top)}"/>`;
}

function shading(band: Band): string[] {
  const edges = [band.left, band.left + band.width];
  return [
    `  <g class="band">${rectangle(band, { top: BAND_TOP, bottom: PLOT.bottom })}</g>`,
    ...edges.map((at) => line("edge", [at, BAND_TOP, at, PLOT.bottom])),
  ];
}

function caption({ lines }: Mark, middle: number): string[] {
  return lines.map((text, i) => label(text, middle, { y: BAND_TOP + 20 + i * 17, kind: i === 0 ? "mark first" : "mark" }));
}

function timeAxis(seconds: number, x: (second: number) => number): string[] {
  const step = tickStep(seconds);
  const ticks = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, i) => i * step);
  return [
    line("axis", [PLOT.left, PLOT.bottom, PLOT.right, PLOT.bottom]),
    ...ticks.flatMap((
      at,
    ) => [line("axis", [x(at), PLOT.bottom, x(at), PLOT.bottom + 6]), label(String(at), x(at), { y: PLOT.bottom + 22 })]),
    label("time in seconds", (PLOT.left + PLOT.right) / 2, { y: PLOT.bottom + 46 }),
  ];
}

/** Ticks at 1, 2 or 5 times a power of ten, at most ten of them. */
function tickStep(seconds: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(seconds, 1) / 10));
  return power * [1, 2, 5, 10].find((factor) => seconds / (factor * power) <= 10)!;
}

function amplitudeAxis(peak: number): string[] {
  const y = MIDDLE - (PLOT.bottom - PLOT.top) / 2;
  const text = peak.toFixed(2);
  const rows: [number, string][] = [[y, text], [MIDDLE, "0"], [PLOT.bottom, `\u2212${text}`]];
  return [
    ...rows.flatMap((
      [at, name],
    ) => [line("grid", [PLOT.left, at, PLOT.right, at]), label(name, PLOT.left - 8, { y: at + 4, anchor: "end" })]),
    `  <text transform="translate(20 ${px(MIDDLE)}) rotate(-90)" text-anchor="middle">amplitude</text>`,
  ];
}

/** The outline of the samples, lowest and highest of each pixel's column, scaled so that the highest peak fills the plot. */
function envelope(samples: Float64Array): { path: string; peak: number } {
  const columns = PLOT.right - PLOT.left;
  const parts = Array.from({ length: columns }, (_, i) => extremes(samples, i / columns, (i + 1) / columns));
  const peak = Math.max(0.01, ...parts.map(({ low, high }) => Math.max(-low, high)));
  const y = (value: number): string => px(MIDDLE - value / peak * (PLOT.bottom - PLOT.top) / 2);
  const upper = parts.map(({ high }, i) => `${PLOT.left + i},${y(high)}`);
  const lower = parts.map(({ low }, i) => `${PLOT.left + i},${y(low)}`).reverse();
  return { path: `M${[...upper, ...lower].join("L")}Z`, peak };
}

/** The lowest and the highest of the samples between two fractions of them all. */
function extremes(samples: Float64Array, from: number, to: number): { low: number; high: number } {
  const part = samples.subarray(Math.floor(from * samples.length), Math.floor(to * samples.length));
  return { low: part.reduce((low, sample) => Math.min(low, sample), 0), high: part.reduce((high, sample) => Math.max(high, sample), 0) };
}

function line(kind: string, [x1, y1, x2, y2]: readonly [number, number, number, number]): string {
  return `  <path class="${kind}" d="M${px(x1)},${px(y1)}L${px(x2)},${px(y2)}"/>`;
}

function label(text: string, x: number, options: { y: number; kind?: string; anchor?: string }): string {
  const kind = options.kind === undefined ? "" : ` class="${options.kind}"`;
  return `  <text${kind} x="${px(x)}" y="${px(options.y)}" text-anchor="${options.anchor ?? "middle"}">${escape(text)}</text>`;
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
