/**
 * The two servers, each in a process of its own: `remote-plugin serve` as users start it, and the bare one.
 *
 * @module
 */
import { TextLineStream } from "@std/streams";
import { pathOf, registryFlags } from "@remote-plugin/tools/registry";
import { capture } from "@remote-plugin/tools/run";
import { descendantsOf, listProcesses } from "../process_tree.ts";

/** A server that runs. */
export interface ServerFacts {
  /** Where it listens. */
  readonly url: string;
  /** What requests carry; empty where they carry nothing. */
  readonly token: string;
  /** What the requests of an operator carry; empty where they carry nothing. */
  readonly operatorToken: string;
}

/** How one is started. */
export interface ServerCommand {
  readonly program: string;
  readonly flags: readonly string[];
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Serves the plugins of a folder. */
export function startGateway(folder: string, args: readonly string[] = []): Promise<Server> {
  const flags = ["--allow-read", "--allow-write", "--allow-net", "--allow-run", "--allow-env"];
  const env = { TMPDIR: folder, REMOTE_PLUGIN_TOKEN: crypto.randomUUID() };
  const words = ["serve", "--json", "--folder", folder, "--state-dir", `${folder}/state`, ...args];
  return Server.start({ program: "src/cli/main.ts", flags, args: words, env });
}

/** Serves numbers and files. */
export function startBare(folder: string): Promise<Server> {
  const flags = ["--allow-net=127.0.0.1", `--allow-read=${folder}`, `--allow-write=${folder}`];
  return Server.start({ program: "bench/gateway/bare_server.ts", flags, args: [folder] });
}

/** A server in a process of its own. */
export class Server implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  /** Where it listens, and what requests carry. */
  readonly facts: ServerFacts;

  private constructor(child: Deno.ChildProcess, lines: ReadableStreamDefaultReader<string>, facts: ServerFacts) {
    this.#child = child;
    this.#lines = lines;
    this.facts = facts;
  }

  /** Starts one, which prints its address as JSON. */
  static async start({ program, flags, args, env = {} }: ServerCommand): Promise<Server> {
    const command = ["run", "--quiet", ...registryFlags("npm"), ...flags, pathOf(program), ...args];
    const child = new Deno.Command(Deno.execPath(), { args: command, env, stdin: "null", stdout: "piped" }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
    const { value } = await lines.read();
    if (value === undefined) throw new Error(`"${program}" has not begun to serve`);
    const { url, token = "", operatorToken = "" } = JSON.parse(value);
    return new Server(child, lines, { url, token, operatorToken });
  }

  /** Its process, without those of its workers. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Its process and all that it has started. */
  async pids(): Promise<number[]> {
    return [this.pid, ...descendantsOf(this.pid, await listProcesses()).map(({ pid }) => pid)];
  }

  /** Forgets the most memory that its process has had. */
  async resetPeak(): Promise<void> {
    const { code, output } = await capture(["sh", "-c", `echo 5 > /proc/${this.pid}/clear_refs`]);
    if (code !== 0) throw new Error(`The memory of process ${this.pid} cannot be watched: ${output.trim()}`);
  }

  /** The memory that its process has, or the most that it has had, in MiB. */
  async memoryMb(which: "VmRSS" | "VmHWM"): Promise<number> {
    const { stdout } = await capture(["grep", which, `/proc/${this.pid}/status`]);
    return Number(/\d+/.exec(stdout)?.[0]) / 1024;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGINT");
    await Promise.all([this.#child.status, this.#lines.cancel()]);
  }
}
