/**
 * What the program writes: results to standard output, all else to standard error.
 *
 * @module
 */
import { bold, type Part } from "./painted.ts";
import { type Table, tableLines } from "./table.ts";
import { visible, visibleJson, visibleLine } from "./visible.ts";

/** One of the program's two outputs. Where it is a terminal nothing that a plugin, a manifest or a command line says can steer it. */
class Output {
  /** Whether somebody looks at it. */
  readonly isTerminal: boolean;
  readonly #print: (text: string) => void;

  constructor(stream: { isTerminal(): boolean }, print: (text: string) => void) {
    this.isTerminal = stream.isTerminal();
    this.#print = print;
  }

  /** Writes a line. */
  line(parts: readonly Part[]): void {
    this.#print(parts.map((part) => this.#shown(part)).join(""));
  }

  /** Writes JSON. */
  json(json: string): void {
    this.#print(this.isTerminal ? visibleJson(json) : json);
  }

  #shown(part: Part): string {
    const { text, paint } = typeof part === "string" ? { text: part } : part;
    if (!this.isTerminal) return text;
    return paint === undefined ? visible(text) : paint(visible(text));
  }
}

/** Standard output. */
export function standardOutput(): Output {
  return new Output(Deno.stdout, (text) => console.log(text));
}

/** Standard error. */
export function standardError(): Output {
  return new Output(Deno.stderr, (text) => console.error(text));
}

/** The longest chunk that is written in one line, in characters. */
const MAX_CHUNK = 120;

/** Writes for a person at a terminal or for a pipe. */
export class Terminal {
  /** Whether results are JSON, one value a line. */
  readonly json: boolean;
  readonly #out = standardOutput();
  readonly #err = standardError();
  #progressLength = 0;
  #isToldOfNumbers = false;

  /** Looks at whether the outputs are terminals. Colours heed NO_COLOR by themselves. */
  constructor({ json }: { readonly json: boolean }) {
    this.json = json;
  }

  /** Whether somebody looks at the results. */
  get isInteractive(): boolean {
    return this.#out.isTerminal && !this.json;
  }

  /** Writes a result: text as it is, any other value as JSON. */
  result(value: unknown): void {
    this.clearProgress();
    if (this.json) this.#out.json(this.#toJson(value));
    else if (typeof value === "string") this.#out.line([value]);
    else this.#out.json(this.#toJson(value, 2));
  }

  /** Writes one of many results: as JSON in one line where it is short, so that each can be told from the next. */
  chunk(value: unknown): void {
    const line = this.#toJson(value);
    if (typeof value === "string" || this.json || line.length > MAX_CHUNK) return this.result(value);
    this.clearProgress();
    this.#out.json(line);
  }

  /** Writes a line for people; nothing where JSON is wanted. */
  line(...parts: Part[]): void {
    if (!this.json) this.#out.line(parts);
  }

  /** Writes a remark to standard error. */
  note(...parts: Part[]): void {
    this.clearProgress();
    this.#err.line(parts);
  }

  /** Writes a table, its columns aligned. */
  table({ headings, rows }: Table): void {
    const lines = tableLines({ headings, rows: this.#out.isTerminal ? rows.map((row) => row.map(visibleLine)) : rows });
    lines.forEach((line, at) => this.line(headings !== undefined && at === 0 ? bold(line) : line));
  }

  /** Shows how far a call has come; nothing in a pipe. */
  progress(share: number, message: string): void {
    if (!this.#err.isTerminal || this.json) return;
    const bar = share < 0 ? "…".padEnd(20) : "#".repeat(Math.round(20 * share)).padEnd(20, ".");
    const percent = share < 0 ? "" : `${Math.round(100 * share)} %`.padStart(6);
    this.#draw(`[${bar}]${percent} ${visibleLine(message)}`.slice(0, 79));
  }

  /** Removes what `progress()` has shown. */
  clearProgress(): void {
    if (this.#progressLength > 0) this.#draw("");
  }

  /** Clears the screen for the next picture of a live table. */
  clearScreen(): void {
    if (this.isInteractive) Deno.stdout.writeSync(new TextEncoder().encode("\x1b[H\x1b[2J"));
  }

  /** JSON would have `null` for numbers that it lacks. */
  #toJson(value: unknown, indent?: number): string {
    const lacks = new Set<string>();
    const json = JSON.stringify(value ?? null, (_, part) => {
      if (typeof part !== "number" || Number.isFinite(part)) return part;
      lacks.add(String(part));
      return String(part);
    }, indent);
    if (lacks.size > 0 && !this.#isToldOfNumbers) this.note(`JSON has no ${[...lacks].join(" and no ")}. A text stands for each`);
    this.#isToldOfNumbers ||= lacks.size > 0;
    return json;
  }

  #draw(text: string): void {
    Deno.stderr.writeSync(new TextEncoder().encode(`\r${text.padEnd(this.#progressLength)}\r${text}`));
    this.#progressLength = text.length;
  }
}
