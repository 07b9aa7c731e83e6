/**
 * The arguments of plugins that were run or looked at, for shells to complete: nobody wants a plugin started while a line is typed.
 *
 * @module
 */
import { join } from "@std/path";
import type { SignaturesBody } from "../../protocol/messages.ts";
import { argumentRows } from "../arguments/signature_text.ts";

/** The names are the plugin's, and a shell would run what some of them hold. */
const PLAIN = /^(?:--)?[\p{L}\p{N}_][\p{L}\p{N}_-]*$/u;

/** A file a plugin, one argument a line. */
export class KnownArguments {
  readonly #folder: string;

  /** @param stateDir The folder in which the program keeps things. */
  constructor(stateDir: string) {
    this.#folder = join(stateDir, "arguments");
  }

  /** Keeps what a plugin takes, and the names of its methods. Where nothing can be kept, nothing is completed. */
  async keep(plugin: string, { execute, execute_stream, methods = {} }: SignaturesBody): Promise<void> {
    const all = [execute, execute_stream, ...Object.values(methods)];
    const rows = all.flatMap((signature) => signature === undefined ? [] : argumentRows(signature));
    const words = [...Object.keys(methods), ...rows.map(([flag = ""]) => flag)];
    const text = [...new Set(words.filter((word) => PLAIN.test(word)))].join("\n");
    const kept = await this.#read(plugin);
    if (kept === text) return;
    try {
      await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await Deno.writeTextFile(this.#file(plugin), text, { mode: 0o600 });
    } catch {
      // The folder is not to be written, and the call is what was asked for.
    }
  }

  /** The arguments of a plugin, as they are typed; none of one that was never started. */
  async of(plugin: string): Promise<string[]> {
    return (await this.#read(plugin)).split("\n").filter((flag) => flag !== "");
  }

  async #read(plugin: string): Promise<string> {
    try {
      return await Deno.readTextFile(this.#file(plugin));
    } catch {
      return "";
    }
  }

  #file(plugin: string): string {
    return join(this.#folder, encodeURIComponent(plugin));
  }
}
