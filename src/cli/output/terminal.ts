/**
 * What the program writes: results to standard output, all else to standard error.
 *
 * @module
 */
import { visible, visibleJson, visibleLine } from "./visible.ts";

/** A text in a colour of the program's own: no text of somebody else's can have one. */
export interface Painted {
  readonly text: string;
  readonly color: number;
}

/** A part of a line. */
export type Part = string | Painted;

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
    const { text, color } = typeof part === "string" ? { text: part, color: undefined } : part;
    if (!this.isTerminal) return text;
    return color === undefined || Deno.noColor ? visible(text) : `\x1b[${color}m${visible(text)}\x1b[0m`;
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

/** Writes for a person at a terminal or for a pipe. */
export class Terminal {
  /** Whether results are JSON, one value a line. */
  readonly json: boolean;
  readonly #out = standardOutput();
  readonly #err = standardError();
  #progressLength = 0;

  /** Looks at NO_COLOR and at whether the outputs are terminals. */
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
    if (this.json) this.#out.json(JSON.stringify(value ?? null));
    else if (typeof value === "string") this.#out.line([value]);
    else this.#out.json(JSON.stringify(value ?? null, null, 2));
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

  /** Writes rows under headings, the columns aligned. */
  table(headings: readonly string[], rows: readonly (readonly string[])[]): void {
    const shown = this.#out.isTerminal ? rows.map((row) => row.map(visibleLine)) : rows;
    const widths = headings.map((heading, column) => Math.max(heading.length, ...shown.map((row) => (row[column] ?? "").length)));
    const format = (cells: readonly string[]) => cells.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd();
    this.line(bold(format(headings)));
    for (const row of shown) this.line(format(row));
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

  #draw(text: string): void {
    Deno.stderr.writeSync(new TextEncoder().encode(`\r${text.padEnd(this.#progressLength)}\r${text}`));
    this.#progressLength = text.length;
  }
}

/** A text in bold letters. */
export function bold(text: string): Painted {
  return { text, color: 1 };
}

/** A text in green. */
export function green(text: string): Painted {
  return { text, color: 32 };
}

/** A text in yellow. */
export function yellow(text: string): Painted {
  return { text, color: 33 };
}

/** A text in red. */
export function red(text: string): Painted {
  return { text, color: 31 };
}
