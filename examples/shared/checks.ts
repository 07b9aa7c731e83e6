/**
 * The examples check themselves.
 *
 * @module
 */
import { bold, green, red } from "./terminal.ts";

/** Collects what an example makes sure of. */
export class Checks {
  readonly #lines: string[] = [];
  #failed = 0;

  /** Notes whether something is as it should be. `detail` tells what was there instead. */
  that(text: string, holds: boolean, detail = ""): void {
    if (!holds) this.#failed++;
    const difference = holds || detail === "" ? "" : `: ${detail}`;
    this.#lines.push(`  ${holds ? green("ok    ") : red("FAILED")}  ${text}${difference}`);
  }

  /** Prints all checks, and makes the program's exit code 1 when one has failed. */
  report(): void {
    console.log(`\n${bold("Checks")}`);
    for (const line of this.#lines) console.log(line);
    if (this.#failed > 0) Deno.exitCode = 1;
  }
}
