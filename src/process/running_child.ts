/**
 * A spawned child with its pipes, one of which is its lifeline.
 *
 * @module
 */
import type { insideStatus } from "./bubblewrap.ts";
import type { HeldFrames, StartMessage } from "../protocol/messages.ts";
import { Limit, within } from "../protocol/limit.ts";
import { Timer } from "../protocol/timer.ts";
import { type Farewell, NO_FAREWELL, readFarewell } from "./hello.ts";
import type { MemoryWatch } from "./memory_watch.ts";
import type { OutputLog } from "./output_log.ts";

/** How a worker process ended. */
export interface WorkerExit {
  /** The exit code, `null` when a signal ended the process. A worker that ended when its host asked for it has 0. */
  readonly code: number | null;
  /** The signal that ended the process, for example `"SIGKILL"`. */
  readonly signal: string | null;
  /** Whether the system or the runtime ended it for want of memory, as far as they tell. */
  readonly outOfMemory: boolean;
  /** Why nothing more is known of it, where nobody saw how it ended: for example that its node no longer answers. It goes on from "The worker was lost:". */
  readonly lost?: string;
}

/** How a child has ended, or why nobody saw that. */
export type ChildStatus = Deno.CommandStatus & Pick<WorkerExit, "lost">;

/** A child's pipes and its end: a process that was spawned here, or one that somebody else runs for this host. */
export interface Child {
  readonly stdin: WritableStream<Uint8Array>;
  readonly stdout: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly stderr: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly status: Promise<ChildStatus>;
  kill(signal: "SIGKILL"): void;
  unref(): void;
}

/** What a child needs of whoever has spawned it. */
export interface ChildCare {
  /** Takes what the child prints. */
  readonly log: OutputLog;
  /** Called once the child has ended, and what it had sent has been read. */
  readonly removeFiles: () => Promise<void>;
  /** Sees whether the system ends it for want of memory, where nothing of the child's own does. */
  readonly memory?: MemoryWatch;
  /** Ends what the child has started, where nothing of the child's own does when it is killed. */
  readonly endGroup?: () => Promise<void>;
  /** How what matters has ended, where the child runs it and tells of its end by its own. */
  readonly readStatus?: typeof insideStatus;
}

/** What V8 prints before it gives up. */
const OUT_OF_MEMORY =
  /Fatal JavaScript (?:invalid size error|out of memory)|JavaScript heap out of memory|memory allocation of \d+ bytes failed/;

/** How long a worker may take to end after its lifeline was cut, in milliseconds. */
const EXIT_BUDGET_MS = 2_000;

/** A spawned child with its pipes. */
export class RunningChild {
  /** The process. */
  readonly child: Child;
  /** What it prints. */
  readonly log: OutputLog;
  /** How it ended; its files are gone then. */
  readonly exited: Promise<WorkerExit>;
  /** Its standard output, until `logStdout()` takes it over. */
  readonly stdout: ReadableStreamDefaultReader<Uint8Array>;
  readonly #lifeline: WritableStreamDefaultWriter<Uint8Array>;
  readonly #stderr: ReadableStreamBYOBReader;
  readonly #stderrEnd: Promise<void>;
  #groupEnd: Promise<void> | undefined;
  #stdoutEnd: Promise<unknown> = Promise.resolve();
  #cancelStdout: () => Promise<void> = () => this.stdout.cancel();
  #farewell: Promise<Farewell> = Promise.resolve(NO_FAREWELL);
  /** Whether the host has asked the child to end and still waits for that. */
  #asked = false;
  #hasEnded = false;
  #wasLost = false;
  #keepAlive: Timer | undefined;
  /** Reads what the child had sent when it ended, before its files are removed. */
  readOut: () => Promise<void> = () => Promise.resolve();

  /** Watches a child. */
  constructor(child: Child, care: ChildCare) {
    this.child = child;
    this.log = care.log;
    this.#lifeline = child.stdin.getWriter();
    this.stdout = child.stdout.getReader();
    this.#stderr = child.stderr.getReader({ mode: "byob" });
    this.#stderrEnd = this.log.drain("stderr", blocksOf(this.#stderr));
    this.exited = this.#watch(care);
  }

  /** Writes the start line. */
  async sendStartLine(message: StartMessage): Promise<void> {
    // A child that has ended already is told of by its exit, not by its broken pipe.
    await this.#lifeline.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`)).catch(() => {});
  }

  /** Tells a worker that waits after its hello line that it may go on. */
  async sendGo(): Promise<void> {
    await this.#lifeline.write(new TextEncoder().encode("\n")).catch(() => {});
  }

  /** From now on standard output is log text; of a worker that says farewell it is that, and nothing else. */
  logStdout(first: Uint8Array, { saysFarewell }: { saysFarewell: boolean }): void {
    this.stdout.releaseLock();
    const reader = this.child.stdout.getReader({ mode: "byob" });
    this.#cancelStdout = () => reader.cancel();
    const rest = blocksOf(reader, first);
    if (saysFarewell) this.#stdoutEnd = this.#farewell = readFarewell(rest);
    else this.#stdoutEnd = this.log.drain("stdout", rest);
  }

  /** Whether nobody saw how it ended. */
  get wasLost(): boolean {
    return this.#wasLost;
  }

  /** How it ended, if it does within this many milliseconds. */
  async endedWithin(milliseconds: number): Promise<WorkerExit | undefined> {
    const ended = await within(this.child.status, milliseconds);
    // What it had sent is read before its end is told, and takes its own time.
    return ended && await this.exited;
  }

  /** What it had held back on a connection of this name, and had not sent when it ended, if it does within this many milliseconds. */
  async heldBack(connection: string, milliseconds: number): Promise<HeldFrames | "untold" | undefined> {
    const farewell = await within(this.#farewell, milliseconds);
    if (farewell !== undefined && farewell.held === undefined) return "untold";
    return farewell?.held?.find((held) => held.connection === connection);
  }

  /** Keeps the host program alive until the child has ended. */
  ref(): void {
    // Not `child.ref()`: Deno then kills the child when this thread ends, and one that is killed leaves its files and what its plugin has started.
    if (!this.#hasEnded) this.#keepAlive ??= new Timer(Infinity, () => {});
  }

  /** Lets the host program exit while the child runs. */
  unref(): void {
    this.#keepAlive?.[Symbol.dispose]();
    this.#keepAlive = undefined;
    unlessEnded(() => this.child.unref());
  }

  /** Cuts the lifeline, and kills the child when it has not ended in time. */
  async end(): Promise<void> {
    this.ref();
    this.#asked = true;
    await this.#lifeline.close().catch(() => {});
    using _limit = new Limit(EXIT_BUDGET_MS, () => this.#kill());
    await this.exited;
    await this.#groupEnd;
  }

  #kill(): void {
    this.#asked = false;
    try {
      this.child.kill("SIGKILL");
    } catch {
      // It has ended between the timer and this line.
    }
  }

  async #watch({ removeFiles, memory, endGroup, readStatus = (status) => status }: ChildCare): Promise<WorkerExit> {
    const status = await this.child.status;
    const { code, signal } = readStatus(status);
    this.#wasLost = status.lost !== undefined;
    this.#hasEnded = true;
    // Nobody has to wait for it who is only told of the end.
    if (!this.#asked) this.#groupEnd = endGroup?.();
    await this.#lifeline.close().catch(() => {});
    await this.#drainPipes();
    await this.readOut().catch(() => {}); // A call's own reading tells of what cannot be read.
    await removeFiles().catch((error) => this.log.add("stderr", `Cannot remove the worker's files: ${error}`));
    this.log.close();
    this.#keepAlive?.[Symbol.dispose]();
    // A worker that is asked to end takes what its plugin has started along, and so ends by the signal that it sends to its whole group.
    if (this.#asked) return { code: 0, signal: null, outOfMemory: false };
    if (status.lost !== undefined) return { code: null, signal: null, outOfMemory: false, lost: status.lost };
    const outOfMemory = (await this.#farewell).outOfMemory || (signal !== null && OUT_OF_MEMORY.test(this.log.tail)) ||
      (signal === "SIGKILL" && await memory?.somebodyWasKilled() === true);
    return { code: signal === null ? code : null, signal, outOfMemory };
  }

  /** What is in the pipes is read, but a grandchild that escaped with one in its hands does not hold anybody up. */
  async #drainPipes(): Promise<void> {
    const drained = Promise.allSettled([this.#stdoutEnd, this.#stderrEnd]);
    await within(drained, 50);
    // Such a grandchild would keep the host program alive as well.
    await Promise.allSettled([this.#cancelStdout(), this.#stderr.cancel()]);
  }
}

/** Deno lets go of a child that has ended before it tells of its status, and has nothing to reference in between. */
function unlessEnded(change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** Reads in blocks that all have the same memory: a flood would leave more garbage than is collected in time. */
async function* blocksOf(reader: ReadableStreamBYOBReader, first?: Uint8Array): AsyncGenerator<Uint8Array> {
  if (first !== undefined) yield first;
  for (let block = new Uint8Array(BLOCK_BYTES);;) {
    const { value, done } = await reader.read(block);
    if (done) return;
    yield value;
    block = new Uint8Array(value.buffer);
  }
}

const BLOCK_BYTES = 64 * 1024;
