/**
 * Draws sentences as dots, near each other where they mean like things, and questions among them, as an SVG picture for light and dark pages.
 *
 * @module
 */
import { escape } from "@std/html";

/** What is drawn. */
export interface SentenceMap {
  readonly title: string;
  /** The line below the title. */
  readonly subtitle: string;
  readonly dots: readonly Dot[];
  readonly questions: readonly Question[];
}

/** A sentence, and where it lies, in any unit. */
export interface Dot {
  readonly at: readonly [number, number];
  readonly text: string;
  /** What its colour stands for. There are six colours. */
  readonly group: string;
}

/** A question, with the dots that answer it, the best first. */
export interface Question {
  readonly at: readonly [number, number];
  readonly text: string;
  readonly answers: readonly Dot[];
}

const SIZE = { width: 1100, height: 640 };
const PLOT = { left: 32, right: 652, top: 108, bottom: 608 };
const PANEL = { left: 692, width: 336, top: 120, line: 17 };
/** So many letters of the answers fill a line of the panel. */
const LETTERS = 50;

const STYLE = `
    .page { fill: #ffffff } .plot { fill: #f6f8fa } .dot { stroke: #ffffff; stroke-width: 0.8; fill-opacity: 0.85 }
    .g0 { fill: #0072b2 } .g1 { fill: #d55e00 } .g2 { fill: #009e73 } .g3 { fill: #b0609a } .g4 { fill: #a07800 } .g5 { fill: #606a75 }
    .way { stroke: #1c2630; stroke-width: 1.2; fill: none } .question { fill: #1c2630 }
    text { font-family: system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; font-size: 12.5px; fill: #55606c }
    .title { font-size: 20px; font-weight: 600; fill: #1c2630 } .asked { font-size: 13.5px; font-weight: 600; fill: #1c2630 }
    .number { font-size: 11px; font-weight: 700; fill: #ffffff; text-anchor: middle }
    @media (prefers-color-scheme: dark) {
      .page { fill: #14191f } .plot { fill: #1b222a } .dot { stroke: #1b222a }
      .g0 { fill: #56b4e9 } .g1 { fill: #f0883e } .g2 { fill: #2fc49a } .g3 { fill: #d98cc0 } .g4 { fill: #e3c341 } .g5 { fill: #b4bec8 }
      .way { stroke: #eef2f6 } .question { fill: #eef2f6 } text { fill: #a9b4bf } .title, .asked { fill: #eef2f6 } .number { fill: #14191f }
    }`;

/** The picture as the text of an SVG file. */
export function sentenceMapSvg({ title, subtitle, dots, questions }: SentenceMap): string {
  const groups = [...new Set(dots.map(({ group }) => group))];
  const place = placing([...dots, ...questions].map(({ at }) => at));
  const scene: Scene = { place, colourOf: (group) => `g${groups.indexOf(group)}` };
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-labelledby="title subtitle">
  <style>${STYLE}
  </style>
  <rect class="page" width="${SIZE.width}" height="${SIZE.height}" rx="8"/>
  <text class="title" id="title" x="${PLOT.left}" y="40">${escape(title)}</text>
  <text id="subtitle" x="${PLOT.left}" y="62">${escape(subtitle)}</text>
${legend(groups).join("\n")}
  <rect class="plot" x="${PLOT.left}" y="${PLOT.top}" width="${PLOT.right - PLOT.left}" height="${PLOT.bottom - PLOT.top}" rx="6"/>
${dots.map((dot) => circle(dot, scene)).join("\n")}
${questions.flatMap((question, i) => marker(question, { number: i + 1, scene })).join("\n")}
${panel(questions, scene).join("\n")}
</svg>
`;
}

interface Scene {
  readonly place: (at: readonly [number, number]) => readonly [number, number];
  readonly colourOf: (group: string) => string;
}

/** Fits points into the plot, with a rim. One unit is as long in both directions. */
function placing(points: readonly (readonly [number, number])[]): Scene["place"] {
  const [across, along] = [spanOf(points.map(([x]) => x)), spanOf(points.map(([, y]) => y))];
  const rim = 28;
  const scale = Math.min((PLOT.right - PLOT.left - rim) / across.length, (PLOT.bottom - PLOT.top - rim) / along.length);
  const middle = [(PLOT.left + PLOT.right) / 2, (PLOT.top + PLOT.bottom) / 2] as const;
  return ([x, y]) => [middle[0] + (x - across.middle) * scale, middle[1] - (y - along.middle) * scale];
}

function spanOf(values: readonly number[]): { middle: number; length: number } {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return { middle: (low + high) / 2, length: high - low || 1 };
}

function legend(groups: readonly string[]): string[] {
  return groups.map((group, i) => {
    const x = PLOT.left + 6 + i * 104;
    return `  <circle class="g${i}" cx="${x}" cy="89" r="5"/><text x="${x + 12}" y="93">${escape(group)}</text>`;
  });
}

function circle({ at, text, group }: Dot, { place, colourOf }: Scene): string {
  const [x, y] = place(at);
  return `  <circle class="dot ${colourOf(group)}" cx="${px(x)}" cy="${px(y)}" r="4.5"><title>${escape(text)}</title></circle>`;
}

function marker({ at, text, answers }: Question, { number, scene }: { number: number; scene: Scene }): string[] {
  const [x, y] = scene.place(at);
  const ways = answers.map((answer) => scene.place(answer.at)).map(([toX, toY]) => `M${px(x)},${px(y)}L${px(toX)},${px(toY)}`);
  return [`  <path class="way" d="${ways.join("")}"/>`, badge(number, [x, y], text)];
}

function badge(number: number, [x, y]: readonly [number, number], text: string): string {
  const title = `<title>${escape(text)}</title>`;
  return `  <g><circle class="question" cx="${px(x)}" cy="${px(y)}" r="9">${title}</circle><text class="number" x="${px(x)}" y="${
    px(y + 4)
  }">${number}</text></g>`;
}

/** The questions, each with the sentence that answers it best. */
function panel(questions: readonly Question[], { colourOf }: Scene): string[] {
  let y = PANEL.top;
  return questions.flatMap(({ text, answers: [best] }, i) => {
    const asked = linesOf(text, LETTERS - 8);
    const said = best === undefined ? [] : linesOf(best.text, LETTERS);
    const head = badge(i + 1, [PANEL.left + 9, y - 4], text);
    const lines = [
      ...asked.map((line, at) => `  <text class="asked" x="${PANEL.left + 26}" y="${y + at * PANEL.line}">${escape(line)}</text>`),
      ...said.map((line, at) => `  <text x="${PANEL.left + 26}" y="${y + (asked.length + at) * PANEL.line + 3}">${escape(line)}</text>`),
    ];
    const stripe = [y + (asked.length - 1) * PANEL.line + 9, said.length * PANEL.line] as const;
    const bar = best === undefined
      ? []
      : [`  <rect class="${colourOf(best.group)}" x="${PANEL.left + 7}" y="${stripe[0]}" width="4" height="${stripe[1]}" rx="2"/>`];
    y += (asked.length + said.length) * PANEL.line + 30;
    return [head, ...lines, ...bar];
  });
}

/** A text broken between words into lines of at most so many letters. */
function linesOf(text: string, letters: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trimStart();
    if (longer.length <= letters) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
