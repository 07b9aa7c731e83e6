/**
 * Starts programs for the tasks.
 *
 * @module
 */
import { ROOT } from "./registry.ts";

/** How to start a program. */
export interface RunOptions {
  /** The folder to run in, the repository's root by default. */
  readonly cwd?: string | URL;
  /** Variables on top of this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** What {@linkcode capture} writes to standard input. */
  readonly input?: string;
  /** Ends the program. */
  readonly signal?: AbortSignal;
}

/** How a program that was run to its end has ended. */
export interface Outcome {
  /** The exit code: 127 when it could not be started. */
  readonly code: number;
  /** What it wrote to standard output. */
  readonly stdout: string;
  /** Standard output, then standard error. */
  readonly output: string;
}

/** Runs a program and keeps what it prints. A program that cannot be started is an outcome too, with code 127. */
export async function capture(command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const decoder = new TextDecoder();
  const { input = "", ...rest } = options;
  try {
    const child = commandOf(command, { ...rest, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
    const [{ code, stdout, stderr }] = await Promise.all([child.output(), write(child.stdin, input)]);
    const text = decoder.decode(stdout);
    return { code, stdout: text, output: text + decoder.decode(stderr) };
  } catch (error) {
    return { code: 127, stdout: "", output: `Cannot start "${command[0]}": ${error instanceof Error ? error.message : error}` };
  }
}

/** Runs a program with this one's terminal. It gets our Ctrl-C and SIGTERM, and we end when it has. */
export async function passThrough(command: readonly string[], options: RunOptions = {}): Promise<number> {
  const child = commandOf(command, { ...options, stdin: "inherit", stdout: "inherit", stderr: "inherit" }).spawn();
  const release = forwardSignals(child);
  try {
    return (await child.status).code;
  } finally {
    release();
  }
}

/** Runs a program and keeps what it prints, in its order. It gets our Ctrl-C and SIGTERM, and we end when it has. */
export async function holdBack(command: readonly string[], options: RunOptions = {}): Promise<Pick<Outcome, "code" | "output">> {
  const joined = ["sh", "-c", 'exec "$@" 2>&1', "sh", ...command];
  const child = commandOf(joined, { ...options, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  const release = forwardSignals(child);
  try {
    const { code, stdout } = await child.output();
    return { code, output: new TextDecoder().decode(stdout) };
  } finally {
    release();
  }
}

/** A program that ends without reading its input is no failure of ours. */
async function write(stream: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stream.getWriter();
  await writer.write(new TextEncoder().encode(text)).catch(() => {});
  await writer.close().catch(() => {});
}

function commandOf([program, ...args]: readonly string[], options: RunOptions & Deno.CommandOptions): Deno.Command {
  return new Deno.Command(program ?? "", { cwd: ROOT, ...options, args });
}

/** At a terminal Ctrl-C reaches the child by itself: a second one would be taken for an impatient user's. */
function forwardSignals(child: Deno.ChildProcess): () => void {
  const atTerminal = Deno.stdin.isTerminal();
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  const listeners = signals.map((signal) => {
    const listener = (): void => {
      if (signal === "SIGINT" && atTerminal) return;
      kill(child, signal);
    };
    Deno.addSignalListener(signal, listener);
    return () => Deno.removeSignalListener(signal, listener);
  });
  return () => listeners.forEach((remove) => remove());
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof TypeError)) throw error; // It has ended meanwhile.
  }
}
