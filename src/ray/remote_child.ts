/**
 * A worker's process on a node, as it looks to whoever has spawned one here: pipes, a status, and a way to kill it.
 *
 * @module
 */
import type { EnvironmentStep } from "../environments/environment.ts";
import type { Child, ChildStatus } from "../process/running_child.ts";
import { isRecord } from "../protocol/json.ts";
import { Timer } from "../protocol/timer.ts";
import { untilAborted } from "../protocol/until_aborted.ts";
import { AgentLine, type LineTarget } from "./agent_line.ts";

/** What the agent is told to run. It gets the worker's input with it, so that it cannot have one without the other. */
export interface RunOrder {
  readonly command: readonly string[];
  readonly cwd: string;
  /** Variables besides the node's. */
  readonly env: Readonly<Record<string, string>>;
  /** The environment that is made first, if there is one. */
  readonly environment?: EnvironmentOrder;
}

/** What the agent makes an environment from, where the node has none that was made from the same. `{folder}` and `{inputs}` are its to fill in. */
export interface EnvironmentOrder {
  /** Where it lies. */
  readonly folder: string;
  /** The files that are read for it, by their names in `{inputs}`. */
  readonly files: Readonly<Record<string, string>>;
  /** What `uv` is told, one after the other. */
  readonly steps: readonly {
    readonly phase: string;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  }[];
  /** The version of `uv` that is brought where there is none. */
  readonly uv: string;
}

/** Why a worker was not started on its node. */
export class AgentFailure extends Error {
  /** How far it came. */
  readonly phase: "environment" | "spawn";
  /** What a program said that failed. */
  readonly output: string;

  /** Makes the error. */
  constructor({ phase, message, output }: Record<string, unknown>) {
    super(String(message));
    this.phase = phase === "environment" ? "environment" : "spawn";
    this.output = String(output ?? "");
  }
}

/** Who is told while a worker is started and runs. */
export interface ChildEvents {
  readonly onEnvironment: (step: EnvironmentStep) => void;
  readonly onNote: (note: string) => void;
  /** Called when the worker has ended or was lost, before anybody else hears of it. */
  readonly onEnd: (how: { readonly isLost: boolean }) => void;
}

/** How long the answer to a kill may take, in milliseconds. The lease ends what a cut network keeps from hearing it. */
const KILL_MS = 500;

/** The process of a worker that an agent runs. */
export class RemoteChild implements Child {
  readonly stdin: WritableStream<Uint8Array>;
  readonly stdout: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly stderr: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly status: Promise<ChildStatus>;
  /** The line to its agent. */
  readonly line: AgentLine;
  readonly #status = Promise.withResolvers<ChildStatus>();
  readonly #started = Promise.withResolvers<void>();
  readonly #events: ChildEvents;
  readonly #out = new Pipe();
  readonly #err = new Pipe();
  #hasEnded = false;

  /** Connects to an agent, which runs nothing yet. */
  constructor(target: LineTarget, events: ChildEvents) {
    this.#events = events;
    this.status = this.#status.promise;
    this.stdout = this.#out.stream;
    this.stderr = this.#err.stream;
    this.#started.promise.catch(() => {}); // Nobody may be waiting for it.
    this.line = new AgentLine(target, {
      onMessage: (message) => this.#take(message),
      onNote: events.onNote,
      onLost: (lost) => this.#end({ success: false, code: 1, signal: null, lost }),
    });
    const decoder = new TextDecoder();
    this.stdin = new WritableStream({
      write: (bytes) => this.line.say({ in: decoder.decode(bytes, { stream: true }) }),
      close: () => this.line.say({ close: true }),
    });
  }

  /** Has the agent run the worker, and waits until it does. */
  async run(order: RunOrder, signal: AbortSignal): Promise<void> {
    this.line.say({ run: order });
    await untilAborted(this.#started.promise, signal);
  }

  /** Ends it whatever it does; one of which nothing is heard is given up. */
  kill(): void {
    this.line.say({ kill: true });
    const giveUp = () => this.#end({ success: false, code: 1, signal: null, lost: "its end was not told in time" });
    const limit = new Timer(KILL_MS, giveUp);
    void this.status.then(() => limit[Symbol.dispose]());
  }

  /** Keeps the program alive while it runs. */
  ref(): void {
    this.line.ref();
  }

  /** Lets the program end while it runs. */
  unref(): void {
    this.line.unref();
  }

  #take(message: Readonly<Record<string, unknown>>): void {
    const { out, err, environment, started, failure, exit } = message;
    if (typeof out === "string") this.#out.print(out);
    else if (typeof err === "string") this.#err.print(err);
    else if (isRecord(environment)) this.#events.onEnvironment(environment as unknown as EnvironmentStep);
    else if (started !== undefined) this.#started.resolve();
    else if (isRecord(failure)) this.#fail(new AgentFailure(failure));
    else if (isRecord(exit)) this.#end(statusIn(exit));
  }

  #fail(failure: AgentFailure): void {
    this.#started.reject(failure);
    this.#end({ success: false, code: 1, signal: null });
  }

  #end(status: ChildStatus): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const isLost = status.lost !== undefined;
    if (isLost) this.line[Symbol.dispose]();
    this.#events.onEnd({ isLost });
    this.#out.close();
    this.#err.close();
    this.#started.reject(new Error(status.lost ?? "it ended before it was started"));
    this.#status.resolve(status);
  }
}

function statusIn({ code, signal }: Record<string, unknown>): ChildStatus {
  const exitCode = Number.isSafeInteger(code) ? code as number : 1;
  return { success: code === 0, code: exitCode, signal: typeof signal === "string" ? signal as Deno.Signal : null };
}

/** Output that comes in pieces of text. */
class Pipe {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #encoder = new TextEncoder();
  #controller!: ReadableByteStreamController;
  #isOpen = true;

  constructor() {
    this.stream = new ReadableStream({
      type: "bytes",
      start: (controller) => void (this.#controller = controller),
      cancel: () => void (this.#isOpen = false),
    });
  }

  print(text: string): void {
    if (this.#isOpen && text !== "") this.#controller.enqueue(this.#encoder.encode(text));
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#controller.close();
    // A reader that waits with memory of its own gets it back only so.
    this.#controller.byobRequest?.respond(0);
  }
}
