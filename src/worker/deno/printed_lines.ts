/**
 * What calls print in the plugin's thread, told to hosts that want it: the lines of section 4 of `docs/protocol.md`.
 *
 * @module
 */
import type { LogBody } from "../../protocol/log_body.ts";
import type { CallSink } from "./call_sink.ts";
import type { CallOrder } from "./plugin_runner.ts";

/** Longer lines are cut here, in characters. */
const MAX_LINE = 64 * 1024;

/** Whose lines are told. */
interface Printing extends Pick<CallSink, "tell"> {
  readonly callId: string;
}

/** Knows whose code runs, also after it has waited: that of Node's modules. */
interface Contexts {
  getStore(): Printing | undefined;
  run<Result>(printing: Printing, code: () => Result): Result;
}

/** The runtime's own class of consoles: it prints what another one would, to wherever it is told. */
type ConsoleClass = new (print: (text: string, level: number) => void) => Record<string, (...args: unknown[]) => void>;

/** From this level on it is an error's stream. */
const ERROR_LEVEL = 2;

/** The runtime's class of consoles; `undefined` in a runtime that keeps it for itself. */
export function consoleClass(): ConsoleClass | undefined {
  const internals = (Deno as unknown as Record<symbol, { readonly Console?: unknown } | undefined>)[
    (Deno as unknown as { readonly internal: symbol }).internal
  ];
  return typeof internals?.Console === "function" ? internals.Console as ConsoleClass : undefined;
}

/** Tells what calls print. Nothing is changed before the first call whose lines somebody wants. */
export class PrintedLines {
  #calls: Contexts | undefined;

  /** Runs a call's code. What it prints, also later on, is told. */
  async run<Result>({ callId }: CallOrder, sink: CallSink, code: () => Promise<Result>): Promise<Result> {
    this.#calls ??= takeOverConsole();
    return await (this.#calls === undefined ? code() : this.#calls.run({ callId, tell: (line) => sink.tell(line) }, code));
  }
}

/** `undefined` where the plugin has put something else in the place of the means. */
function takeOverConsole(): Contexts | undefined {
  // Few plugins need it, and it takes time to load. A plugin's import map could put something else in the place of an imported one.
  const { process } = globalThis as unknown as {
    readonly process?: { getBuiltinModule?(name: string): { readonly AsyncLocalStorage: new () => Contexts } };
  };
  const { AsyncLocalStorage } = process?.getBuiltinModule?.("node:async_hooks") ?? {};
  const Console = consoleClass();
  if (AsyncLocalStorage === undefined || Console === undefined) return undefined;
  const calls = new AsyncLocalStorage();
  const telling = new Console((text, level) => tell(calls.getStore()!, text, level >= ERROR_LEVEL ? "stderr" : "stdout"));
  const own = console as unknown as Record<string, unknown>;
  for (const [name, method] of Object.entries(own)) {
    const told = telling[name];
    if (typeof method !== "function" || typeof told !== "function") continue;
    own[name] = (...args: unknown[]) => calls.getStore() === undefined ? method.apply(console, args) : told.apply(telling, args);
  }
  return calls;
}

/** The log gets each line with its call in front. */
function tell({ callId, tell }: Printing, text: string, stream: "stdout" | "stderr"): void {
  const tag = `\x1e${JSON.stringify({ call_id: callId })}\x1f`;
  const time = new Date().toISOString();
  const lines = text.replace(/\n$/, "").split("\n");
  for (const line of lines) tell({ time, stream, text: line.slice(0, MAX_LINE) } satisfies LogBody);
  write(stream, lines.map((line) => `${tag}${line}\n`).join(""));
}

function write(stream: "stdout" | "stderr", text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += Deno[stream].writeSync(bytes.subarray(at));
}
