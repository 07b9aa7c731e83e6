/**
 * Runs a program that ends, with all that it has started, when this host lets go of it or ends, however that ends.
 *
 * @module
 */
import { TextLineStream } from "@std/streams";
import { messageOf } from "../protocol/text.ts";

/**
 * Its standard input is the lifeline. Deno ends whole groups of processes only for those who may run everything, and a host that is killed ends nobody at
 * all. The group is the program's own, so that Ctrl-C in a terminal reaches the host alone. It runs beside the plugin's modules, and imports none of them.
 */
const SUPERVISOR = `
import os, signal, subprocess, sys, threading
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
def watch():
    os.read(0, 1)
    try:
        os.killpg(child.pid, signal.SIGKILL) if hasattr(os, "killpg") else child.kill()
    except OSError:
        pass
threading.Thread(target=watch, daemon=True).start()
os._exit(1 if child.wait() else 0)
`;

/** A program with its arguments. */
export type CommandLine = readonly [program: string, ...args: string[]];

/** What is run. */
export interface Supervised {
  /** The program. */
  readonly command: CommandLine;
  /** A Python that runs the supervisor. */
  readonly python: CommandLine;
  /** Where it runs. */
  readonly cwd?: string | undefined;
  /** Variables besides the host's own, which it sees all: they say where its user's indexes and proxies are. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How it is followed. */
export interface SupervisedWatch {
  /** Aborting it ends the program. */
  readonly signal: AbortSignal;
  /** Gets each line that the program writes to standard error. */
  readonly onLine: (line: string) => void;
}

/** Not all that `uv` and the builders of packages write of an address is without its password. */
function withoutPasswords(line: string): string {
  return line.replaceAll(/:\/\/(?!git@)[^\s/]*@/g, "://****@");
}

/** What became of a program. */
export interface Outcome {
  readonly success: boolean;
  /** What it wrote to standard error, without passwords of addresses; the reason when it could not be started. */
  readonly output: string;
}

/** Runs a program under supervision. Rejects with the signal's reason when that aborts. */
export async function runSupervised({ command, python, cwd, env }: Supervised, { signal, onLine }: SupervisedWatch): Promise<Outcome> {
  signal.throwIfAborted();
  const [program, ...args] = python;
  await using cleanup = new AsyncDisposableStack();
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, {
      args: [...args, "-I", "-c", SUPERVISOR, ...command],
      cwd,
      env,
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
      detached: true,
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return { success: false, output: messageOf(error) };
  }
  const letGo = () => void child.stdin.close().catch(() => {});
  signal.addEventListener("abort", letGo, { once: true });
  cleanup.defer(async () => {
    signal.removeEventListener("abort", letGo);
    if (!signal.aborted) letGo();
    await child.status;
  });
  const lines: string[] = [];
  for await (const line of child.stderr.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
    const told = withoutPasswords(line);
    lines.push(told);
    onLine(told);
  }
  const { success } = await child.status;
  signal.throwIfAborted();
  return { success, output: lines.join("\n") };
}
