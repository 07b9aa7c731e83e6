/** `logs`: what a plugin has printed, for people or as JSON. @module */
import type { Context } from "../context.ts";
import { UsageError } from "../exit.ts";
import { nameHint } from "../../manifest/nearest_name.ts";
import { fromLogLine } from "../state/log_line.ts";

/** Shows the last lines that a plugin printed under `run` or `serve`, and with `follow` those that come, until Ctrl-C. */
export async function logs(
  context: Context,
  plugin: string,
  { follow = false, lines }: { follow?: boolean; lines: string },
): Promise<void> {
  const count = Number(lines);
  if (!Number.isInteger(count) || count < 0) throw new UsageError(`--lines must be a whole number, not "${lines}"`);
  const text = await readLog(context, plugin);
  const last = text.split("\n").slice(0, -1);
  for (const line of count === 0 ? [] : last.slice(-count)) show(context, line);
  if (follow) await followLog(context, context.logs.file(plugin), new TextEncoder().encode(text).length);
}

function show({ terminal }: Context, line: string): void {
  const record = fromLogLine(line);
  if (terminal.json) return terminal.result(record);
  const { time, node, job, text } = record;
  const where = node === undefined ? undefined : `${node} ${job}`;
  terminal.line([time, where, text].filter((part) => part !== undefined).join(" "));
}

async function readLog({ logs, stateDir }: Context, plugin: string): Promise<string> {
  const text = await logs.read(plugin);
  if (text !== undefined) return text;
  const known = await logs.names();
  const hint = known.length === 0 ? "Logs are kept once a plugin has run" : nameHint(plugin, known);
  throw new UsageError(`There is no log of "${plugin}" in "${stateDir}". ${hint}`);
}

async function followLog(context: Context, path: string, from: number): Promise<void> {
  const { signal } = context;
  // The start of all other commands would pay for it.
  const { TextLineStream } = await import("@std/streams");
  const lines = ReadableStream.from(newBytes(path, { from, signal })).pipeThrough(new TextDecoderStream()).pipeThrough(
    new TextLineStream(),
  );
  for await (const line of lines) show(context, line);
  signal.throwIfAborted();
}

/** What comes to a file, until it is interrupted. */
async function* newBytes(path: string, { from, signal }: { readonly from: number; readonly signal: AbortSignal }) {
  using file = await Deno.open(path);
  await file.seek(from, Deno.SeekMode.Start);
  using watcher = Deno.watchFs(path);
  signal.addEventListener("abort", () => watcher.close(), { once: true });
  // What came before the file was watched.
  yield* unread(file);
  for await (const _ of watcher) yield* unread(file);
}

function* unread(file: Deno.FsFile): Generator<Uint8Array<ArrayBuffer>> {
  for (;;) {
    const buffer = new Uint8Array(64 * 1024);
    const read = file.readSync(buffer);
    if (read === null || read === 0) return;
    yield buffer.subarray(0, read);
  }
}
