/**
 * The files in which is kept what plugins print.
 *
 * @module
 */
import { join } from "@std/path";
import type { LogRecord } from "../../process/output_log.ts";
import { ifThere } from "../../protocol/is_there.ts";
import { toLogLine } from "./log_line.ts";

const SUFFIX = ".log";

/** A file a plugin, one record a line. */
export class KeptLogs {
  readonly #folder: string;

  /** @param stateDir The folder in which the program keeps things. */
  constructor(stateDir: string) {
    this.#folder = join(stateDir, "logs");
  }

  /** The file of a plugin. */
  file(plugin: string): string {
    return join(this.#folder, `${encodeURIComponent(plugin)}${SUFFIX}`);
  }

  /** Keeps a record. */
  add(plugin: string, record: LogRecord): void {
    Deno.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    Deno.writeTextFileSync(this.file(plugin), toLogLine(record), { append: true, mode: 0o600 });
  }

  /** All lines of a plugin's; `undefined` when nothing of it is kept. */
  read(plugin: string): Promise<string | undefined> {
    return ifThere(Deno.readTextFile(this.file(plugin)));
  }

  /** The plugins of which something is kept. */
  async names(): Promise<string[]> {
    try {
      const names = await Array.fromAsync(Deno.readDir(this.#folder), ({ name }) => name);
      return names.filter((name) => name.endsWith(SUFFIX)).map((name) => decodeURIComponent(name.slice(0, -SUFFIX.length)));
    } catch {
      return [];
    }
  }
}
