/**
 * Where `serve` writes its access log.
 *
 * @module
 */
import { accessLog } from "../../gateway/observing/access_log.ts";
import type { CallObserver } from "../../gateway/observing/observer.ts";
import type { Terminal } from "../output/terminal.ts";
import { yellow } from "../output/painted.ts";
import { UsageError } from "../exit.ts";
import { LineWriter } from "./line_writer.ts";

/** The word that stands for standard output. */
const STANDARD_OUTPUT = "-";

/** An access log that is written. */
export interface AccessLogFile extends AsyncDisposable {
  /** What the gateway tells of its calls. */
  readonly observer: CallObserver;
}

/** Opens the log, to which lines are added. Its disposal waits until they are written. */
export async function openAccessLog(path: string, terminal: Terminal): Promise<AccessLogFile> {
  const file = path === STANDARD_OUTPUT ? Deno.stdout : await openFile(path);
  const onLoss = (reason: string) => terminal.note(yellow(`The access log "${path}" lacks lines: ${reason}`));
  const writer = new LineWriter(file, { onLoss });
  return {
    observer: accessLog((line) => writer.write(line)),
    async [Symbol.asyncDispose]() {
      await writer[Symbol.asyncDispose]();
      if (file !== Deno.stdout) file.close();
    },
  };
}

async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { append: true, create: true, mode: 0o640 });
  } catch (cause) {
    throw new UsageError(`Cannot write the access log to "${path}": ${(cause as Error).message}`, { cause });
  }
}
