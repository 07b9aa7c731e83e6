/**
 * What the examples print: colours and a progress bar on a terminal, plain lines in a pipe. `NO_COLOR` is honoured.
 *
 * @module
 */
import { dim, setColorEnabled } from "@std/fmt/colors";

export { bold, dim, green, red } from "@std/fmt/colors";

const ON_TERMINAL = Deno.stdout.isTerminal();
const BAR_WIDTH = 30;

// The library heeds NO_COLOR, and does not look whether anybody looks on.
setColorEnabled(ON_TERMINAL && !Deno.noColor);

/**
 * Shows how far a call is, and prints what it has found above that. In a pipe, where nothing can be overwritten, each quarter is a line.
 *
 * @example
 * ```ts no-eval
 * using bar = new ProgressBar();
 * for await (const item of plugin.executeStream({}, { onProgress: (progress) => bar.update(progress) })) bar.print(String(item));
 * ```
 */
export class ProgressBar implements Disposable {
  #bar = "";
  #quarters = 0;

  /** Shows a report of progress, as `onProgress` gets it. */
  update({ progress, message }: { readonly progress: number; readonly message: string }): void {
    const fraction = Math.min(1, Math.max(0, progress));
    if (ON_TERMINAL) this.#draw(`  ${progressBar(fraction)} ${percent(fraction)}  ${dim(message)}`);
    else if (Math.floor(fraction * 4) > this.#quarters) {
      this.#quarters = Math.floor(fraction * 4);
      console.log(`  ${percent(fraction)}  ${message}`);
    }
  }

  /** Prints a line, and keeps the bar below it. */
  print(line: string): void {
    const bar = this.#bar;
    this.#erase();
    console.log(line);
    if (bar !== "") this.#draw(bar);
  }

  /** Takes the bar away. */
  [Symbol.dispose](): void {
    this.#erase();
  }

  #draw(bar: string): void {
    this.#bar = bar;
    write(`\r\x1b[2K${bar}`);
  }

  #erase(): void {
    if (this.#bar !== "") write("\r\x1b[2K");
    this.#bar = "";
  }
}

/** A bar for a part of 1, in steps of an eighth of a character. */
export function progressBar(fraction: number): string {
  const eighths = Math.round(fraction * BAR_WIDTH * 8);
  const part = eighths % 8 === 0 ? "" : String.fromCodePoint(0x2590 - eighths % 8);
  return ("█".repeat(Math.floor(eighths / 8)) + part).padEnd(BAR_WIDTH, "·");
}

function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`.padStart(5);
}

function write(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}
