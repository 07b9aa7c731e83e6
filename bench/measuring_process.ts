/**
 * The process that calls a peer and takes the time. It is ended with all that it has started, whatever state it is in.
 *
 * @module
 */
import { delay } from "@std/async";
import { TextLineStream } from "@std/streams";
import { ANSWER_MARK } from "./driver/serve.ts";
import { moveTo } from "./placement.ts";
import { proportionalMemory } from "./process_memory.ts";
import { descendantsOf, listProcesses, type ProcessInfo } from "./process_tree.ts";
import { processorTimes, usedBetween } from "./processor_time.ts";

/** What a measuring process answers. */
export interface Answer {
  readonly values?: Readonly<Record<string, number>>;
  /** Why the peer has no such thing. */
  readonly cannot?: string;
  /** What went wrong. */
  readonly failed?: string;
  /** It did not come back in time, and can be asked no more. */
  readonly overdue?: boolean;
}

/** How to start one. */
export interface MeasuringCommand {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

const END_LIMIT_MS = 4_000;

/** A running measuring process. */
export class MeasuringProcess {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;
  readonly #complaints: Promise<string>;
  readonly #seen = new Map<string, ProcessInfo>();
  #ended: Promise<number> | undefined;

  constructor({ command: [program, ...args], env, cwd }: MeasuringCommand) {
    this.#child = new Deno.Command(program!, { args, env, cwd, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#answers = ReadableStream.from(answersOf(this.#child.stdout)).getReader();
    this.#complaints = tailOf(this.#child.stderr);
  }

  /** Asks for a measurement. */
  async ask(request: Readonly<Record<string, unknown>>, limitMs: number): Promise<Answer> {
    const overdue = Promise.withResolvers<Answer>();
    const timer = setTimeout(() => overdue.resolve({ overdue: true }), limitMs);
    try {
      return await Promise.race([this.#ask(request), overdue.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** What it uses and what its workers do, in MB. */
  async memory(): Promise<Record<string, number>> {
    const processes = await listProcesses();
    const workers = this.#note(processes);
    const host = processes.find(({ pid }) => pid === this.#child.pid)?.residentKb ?? NaN;
    const shares = await proportionalMemory(workers.map(({ pid }) => pid));
    const total = (sizeOf: (worker: ProcessInfo) => number) => workers.reduce((sum, worker) => sum + sizeOf(worker), 0) / 1024;
    const resident = { host_mb: host / 1024, worker_mb: total(({ residentKb }) => residentKb) };
    return shares.size < workers.length ? resident : { ...resident, worker_pss_mb: total(({ pid }) => shares.get(pid)!) };
  }

  /** Runs it and its workers on the given cores from now on. */
  async moveTo(cores: readonly number[]): Promise<void> {
    await moveTo(cores, await this.#pids());
  }

  /** Asks for a measurement that counts its calls, and adds what a call takes of the processors in host and worker. */
  async askWithWork(request: Readonly<Record<string, unknown>>, limitMs: number): Promise<Answer> {
    const [host, ...workers] = await this.#pids();
    const before = await processorTimes([host!, ...workers]);
    const answer = await this.ask(request, limitMs);
    const after = await processorTimes([host!, ...workers]);
    const { values } = answer;
    if (values?.calls === undefined || !after.has(host!)) return answer;
    const used = usedBetween(before, after) / values.calls * 1000;
    after.delete(host!);
    const worker = usedBetween(before, after) / values.calls * 1000;
    return { values: { ...values, work_us: used, host_us: used - worker, worker_us: worker } };
  }

  /** Ends it, in order or else by force, and tells how many processes it has left after an orderly end; they are killed in any case. */
  end(): Promise<number> {
    return this.#ended ??= this.#end();
  }

  async #ask(request: Readonly<Record<string, unknown>>): Promise<Answer> {
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`)).catch(() => {});
    const { value, done } = await this.#answers.read();
    if (!done) return JSON.parse(value) as Answer;
    return { failed: `The measuring process has ended: ${await this.#complaints}`, overdue: true };
  }

  async #end(): Promise<number> {
    this.#note(await listProcesses());
    await this.#input.close().catch(() => {});
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), END_LIMIT_MS);
    const { signal } = await this.#child.status;
    clearTimeout(timer);
    await this.#answers.cancel().catch(() => {});
    const left = await this.#killLeft();
    return signal === null ? left : 0;
  }

  /** Its own first. */
  async #pids(): Promise<number[]> {
    return [this.#child.pid, ...this.#note(await listProcesses()).map(({ pid }) => pid)];
  }

  #note(processes: readonly ProcessInfo[]): ProcessInfo[] {
    const workers = descendantsOf(this.#child.pid, processes);
    for (const worker of workers) this.#seen.set(`${worker.pid} ${worker.started}`, worker);
    return workers;
  }

  async #killLeft(): Promise<number> {
    if (this.#seen.size === 0) return 0;
    await delay(200); // What notices its host's end by itself may do so.
    const left = (await listProcesses()).filter(({ pid, started }) => this.#seen.has(`${pid} ${started}`));
    for (const { pid } of left) kill(pid);
    return left.length;
  }
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error; // It has ended meanwhile.
  }
}

async function* answersOf(output: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string, void, void> {
  for await (const line of output.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
    const start = line.indexOf(ANSWER_MARK);
    if (start >= 0) yield line.slice(start + ANSWER_MARK.length);
  }
}

/** The last line that says something. */
async function tailOf(output: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let tail = "";
  for await (const text of output.pipeThrough(new TextDecoderStream())) tail = (tail + text).slice(-2_000);
  return tail.trim().split("\n").at(-1) ?? "";
}
