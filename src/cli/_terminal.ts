/**
 * What the program writes: results to standard output, all else to standard error.
 *
 * @module
 */

/** Writes for a person at a terminal or for a pipe. */
export class Terminal {
  /** Whether results are JSON, one value a line. */
  readonly json: boolean;
  readonly #hasColors: boolean;
  readonly #isProgressShown: boolean;
  #progressLength = 0;

  /** Looks at NO_COLOR and at whether the outputs are terminals. */
  constructor({ json }: { readonly json: boolean }) {
    this.json = json;
    this.#hasColors = !Deno.noColor && Deno.stdout.isTerminal() && !json;
    this.#isProgressShown = Deno.stderr.isTerminal() && !json;
  }

  /** Whether somebody looks at the results. */
  get isInteractive(): boolean {
    return Deno.stdout.isTerminal() && !this.json;
  }

  /** Writes a result: text as it is, any other value as JSON. */
  result(value: unknown): void {
    this.clearProgress();
    if (this.json) console.log(JSON.stringify(value ?? null));
    else console.log(typeof value === "string" ? value : JSON.stringify(value ?? null, null, 2));
  }

  /** Writes a line for people; nothing where JSON is wanted. */
  line(text = ""): void {
    if (!this.json) console.log(text);
  }

  /** Writes a remark to standard error. */
  note(text: string): void {
    this.clearProgress();
    console.error(text);
  }

  /** Writes rows under headings, the columns aligned. */
  table(headings: readonly string[], rows: readonly (readonly string[])[]): void {
    const widths = headings.map((heading, column) => Math.max(heading.length, ...rows.map((row) => plain(row[column] ?? "").length)));
    const format = (cells: readonly string[]) =>
      cells.map((cell, column) => cell + " ".repeat(Math.max(0, widths[column]! - plain(cell).length))).join("  ").trimEnd();
    this.line(this.bold(format(headings)));
    for (const row of rows) this.line(format(row));
  }

  /** Shows how far a call has come; nothing in a pipe. */
  progress(share: number, message: string): void {
    if (!this.#isProgressShown) return;
    const bar = share < 0 ? "…".padEnd(20) : "#".repeat(Math.round(20 * share)).padEnd(20, ".");
    const percent = share < 0 ? "" : `${Math.round(100 * share)} %`.padStart(6);
    const text = `[${bar}]${percent} ${message}`.slice(0, 79);
    this.#draw(text);
  }

  /** Removes what `progress()` has shown. */
  clearProgress(): void {
    if (this.#progressLength > 0) this.#draw("");
  }

  /** Clears the screen for the next picture of a live table. */
  clearScreen(): void {
    if (this.isInteractive) Deno.stdout.writeSync(new TextEncoder().encode("\x1b[H\x1b[2J"));
  }

  bold(text: string): string {
    return this.#paint(text, 1);
  }

  green(text: string): string {
    return this.#paint(text, 32);
  }

  yellow(text: string): string {
    return this.#paint(text, 33);
  }

  red(text: string): string {
    return this.#paint(text, 31);
  }

  #paint(text: string, code: number): string {
    return this.#hasColors ? `\x1b[${code}m${text}\x1b[0m` : text;
  }

  #draw(text: string): void {
    Deno.stderr.writeSync(new TextEncoder().encode(`\r${text.padEnd(this.#progressLength)}\r${text}`));
    this.#progressLength = text.length;
  }
}

/** A text without its colours. */
function plain(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/\x1b\[\d+m/g, "");
}
