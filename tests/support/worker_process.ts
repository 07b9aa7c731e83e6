/**
 * A worker process as a test holds it: started with a start line, seen through its pipes, and never left behind.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import type { Address } from "../../src/protocol/address.ts";
import type { HeldFrames, HelloMessage, StartFailure } from "../../src/protocol/messages.ts";
import { within } from "./guard.ts";
import { workerEnvironment } from "./worker_plan.ts";

/** How a worker is started. */
export interface WorkerProcessOptions {
  readonly command: readonly string[];
  /** What is written to standard input, usually the start line. */
  readonly input: string;
  /** Whether another process holds the worker's standard input. Default: the test itself holds it. */
  readonly withHolder?: boolean;
  /** Variables of its environment besides those that programs need to run at all. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** How a process ended. */
export interface ExitRecord {
  readonly code: number;
  readonly signal: string | null;
}

/** A running worker. Disposing of it closes its standard input, which must end it. */
export class WorkerProcess implements AsyncDisposable {
  /** The first line of standard output. */
  readonly hello: HelloMessage | StartFailure;
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #log: LogReader;
  #stdinOpen = true;
  #end: Promise<ExitRecord> | undefined;

  private constructor(child: Deno.ChildProcess, stdin: WritableStreamDefaultWriter<Uint8Array>, log: LogReader, hello: string) {
    this.#child = child;
    this.#stdin = stdin;
    this.#log = log;
    this.hello = JSON.parse(hello);
  }

  /** Starts a worker and waits for its hello line. */
  static async start(options: WorkerProcessOptions): Promise<WorkerProcess> {
    const child = spawn(options);
    const stdin = child.stdin.getWriter();
    const log = new LogReader(child);
    try {
      // A worker that does not want all of it says so in its hello line.
      await stdin.write(new TextEncoder().encode(options.input)).catch(() => {});
      const hello = await within(log.firstLine, `the hello line of ${options.command[0]}`);
      return new WorkerProcess(child, stdin, log, hello);
    } catch (error) {
      killGroup(child.pid);
      await child.status;
      await stdin.close().catch(() => {});
      throw new Error(`No hello line. The worker printed: ${log.text}`, { cause: error });
    }
  }

  /** Where the worker listens. */
  get address(): Address {
    if ("error" in this.hello) throw new Error(`The worker did not start: ${this.hello.error.message}`);
    return this.hello.address;
  }

  /** What the worker has printed, after the hello line. */
  get log(): string {
    return this.#log.text;
  }

  /** What the worker says at its end that it had not sent, see section 1 of the protocol. */
  async held(): Promise<readonly HeldFrames[]> {
    await this.ended();
    return this.#log.rest === "" ? [] : JSON.parse(this.#log.rest).farewell?.held ?? [];
  }

  /** Waits until the worker has printed something that matches. */
  async printed(pattern: RegExp): Promise<void> {
    await within(this.#log.until((text) => pattern.test(text)), `the worker to print ${pattern}; it printed ${JSON.stringify(this.log)}`);
  }

  /** Writes to the worker's standard input. */
  async write(text: string): Promise<void> {
    await within(this.#stdin.write(new TextEncoder().encode(text)), "the worker to read its standard input");
  }

  /** Closes the worker's standard input: the host is gone. */
  async closeStdin(): Promise<void> {
    if (!this.#stdinOpen) return;
    this.#stdinOpen = false;
    // A worker that has ended already has closed the other end.
    await this.#stdin.close().catch(() => {});
  }

  /** Kills the process that the test started, at once. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Waits for the end of the process and of everything that it started, which is when nobody holds its output pipes any more. */
  ended(): Promise<ExitRecord> {
    return this.#end ??= this.#untilEnd();
  }

  /** Ends the worker by closing its standard input; fails when that does not end it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeStdin();
    try {
      await this.ended();
    } catch (error) {
      killGroup(this.#child.pid);
      if ("pid" in this.hello) killGroup(this.hello.pid);
      await this.#child.status;
      throw error;
    }
  }

  async #untilEnd(): Promise<ExitRecord> {
    const status = await within(this.#child.status, "the worker to exit");
    await within(this.#log.ended, "the end of the worker's children");
    await this.closeStdin();
    return { code: status.code, signal: status.signal };
  }
}

function spawn(options: WorkerProcessOptions): Deno.ChildProcess {
  const holder = [Deno.execPath(), "run", "--no-config", "--no-prompt", "--quiet", "--allow-run"];
  holder.push(fromFileUrl(new URL("pipe_holder.ts", import.meta.url)));
  const [program, ...args] = options.withHolder ? [...holder, ...options.command] : options.command;
  return new Deno.Command(program!, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    clearEnv: true,
    env: { ...workerEnvironment(), ...options.variables },
    // A worker may take its process group with it when it ends, and the test is not to be in that group.
    detached: true,
  }).spawn();
}

function killGroup(pid: number): void {
  try {
    Deno.kill(-pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

/** Reads both output pipes to their ends; what follows the first line of standard output is log text. */
class LogReader {
  readonly ended: Promise<unknown>;
  readonly firstLine: Promise<string>;
  text = "";
  /** What came behind the hello line on the same pipe. */
  rest = "";
  readonly #first = Promise.withResolvers<string>();
  readonly #watchers = new Set<() => void>();

  constructor(child: Deno.ChildProcess) {
    this.firstLine = this.#first.promise;
    // Nobody may be waiting for it yet when the worker ends.
    this.firstLine.catch(() => {});
    this.ended = Promise.all([this.#readStdout(child.stdout), this.#readLog(child.stderr)]);
  }

  until(isEnough: (text: string) => boolean): Promise<void> {
    if (isEnough(this.text)) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const watcher = () => {
      if (!isEnough(this.text)) return;
      this.#watchers.delete(watcher);
      resolve();
    };
    this.#watchers.add(watcher);
    return promise;
  }

  async #readStdout(stream: ReadableStream<Uint8Array>): Promise<void> {
    let head: string | undefined = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      if (head === undefined) {
        this.#appendRest(text);
        continue;
      }
      head += text;
      const end = head.indexOf("\n");
      if (end < 0) continue;
      this.#first.resolve(head.slice(0, end));
      this.#appendRest(head.slice(end + 1));
      head = undefined;
    }
    this.#first.reject(new Error("Standard output ended before its first line did"));
  }

  async #readLog(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.#append(text);
  }

  #appendRest(text: string): void {
    this.rest += text;
    this.#append(text);
  }

  #append(text: string): void {
    this.text += text;
    for (const watcher of [...this.#watchers]) watcher();
  }
}
