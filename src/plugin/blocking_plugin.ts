/**
 * The side of a blocking proxy that waits: what it asks of the thread that has the plugin.
 *
 * @module
 */
import { PluginStateError } from "../errors.ts";
import { resultGoneError } from "../payload/file_result.ts";
import { FileResultSync, type LocatedAccess } from "../payload/file_result_sync.ts";
import type { ResultLocation } from "../payload/location.ts";
import type { LogRecord } from "../process/output_log.ts";
import type { PermissionUse } from "../process/permission_audit.ts";
import { endpointRule } from "../protocol/endpoints.ts";
import type { GivenFunction } from "../protocol/functions.ts";
import { activeTrace } from "../protocol/telemetry.ts";
import { BlockingBridge, type Told } from "../transport/blocking/bridge.ts";
import { encodeBody } from "./arguments.ts";
import type { BlockingRequest, CallFacts, PluginFacts, StreamFacts } from "./blocking_request.ts";
import type { StartReport } from "./blocking_start.ts";
import { BLOCKING_WORKER } from "./blocking_worker.ts";
import { cancelledError, closedError, withinCallbackError } from "./failures.ts";
import type { CallOptions, OperationOptions, Progress, StartOptions } from "./interface.ts";
import { type Answer, type MemberOperation, operationOf, type Question } from "./members.ts";
import { outcomeOf } from "./outcome.ts";
import type { Batch } from "./run_ahead.ts";
import { runFunction, type SentCallback } from "./sent_callbacks.ts";
import { holdsFiles, memoryOf, receiveValue, sendBody, type SentBody, type SentValue } from "./sent_values.ts";

/**
 * What every blocking operation takes. There is no `signal`: nothing can abort an operation while its thread is blocked. An exception of `onProgress`,
 * which is called in this thread, abandons the operation and is thrown.
 */
export type SyncOperationOptions = Omit<OperationOptions, "signal">;

/** What the blocking `execute` and `executeStream` take. */
export type SyncCallOptions = Omit<CallOptions, "signal">;

/** How the start of a plugin is followed. */
type OpenOptions = Pick<StartOptions, "onEnvironment" | "onQueued" | "onBegin">;

/** A stream that is to be read to its end. */
interface Pull {
  readonly stream: number;
  /** What the stream is of. */
  readonly open: StreamFacts | { readonly file: number };
  readonly member: string;
  /** The functions that it was given. Default: none. */
  readonly functions?: readonly GivenFunction[];
}

/** A stream that was called for, and has not begun. */
interface TakenStream {
  readonly stream: number;
  readonly body: () => SentBody;
  readonly options: SyncCallOptions;
  /** The functions that it was given, once it was looked at. */
  readonly functions: readonly GivenFunction[];
}

/** A plugin in another thread, for which this one waits. Disposing it lets go of the thread. */
export class BlockingPlugin implements Disposable {
  readonly #bridge: BlockingBridge<BlockingRequest>;
  #facts: PluginFacts;
  /** The streams that a loop of this thread has begun and not left. */
  readonly #streams = new Set<number>();
  /** How many calls wait for a function of theirs that this thread runs. */
  #callbacks = 0;
  /** How many functions run, each within the one before. */
  #depth = 0;
  #nextStream = 1;
  #records: LogRecord[] = [];
  #uses: PermissionUse[] = [];
  #closed = false;

  private constructor(bridge: BlockingBridge<BlockingRequest>, facts: PluginFacts) {
    this.#bridge = bridge;
    this.#facts = facts;
  }

  /** Starts the thread, and has it start a worker or attach to one. */
  static open(request: BlockingRequest, plugin: string, { onEnvironment, onQueued, onBegin }: OpenOptions = {}): BlockingPlugin {
    using owned = new DisposableStack();
    const bridge = owned.use(new BlockingBridge<BlockingRequest>(BLOCKING_WORKER, plugin));
    const onProgress = ({ message }: Progress) => {
      const report = JSON.parse(message) as StartReport;
      if (report.kind === "begin") onBegin?.();
      else if (report.kind === "queued") onQueued?.(report.event);
      else onEnvironment?.(report.step);
    };
    const facts = bridge.ask(request, { onProgress }) as PluginFacts;
    owned.move();
    return new BlockingPlugin(bridge, facts);
  }

  /** What it is, as it was when it was looked at last. */
  get facts(): PluginFacts {
    return this.#facts;
  }

  /** Whether it was let go. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** What can change when another worker takes the place of one that has ended. */
  look(): PluginFacts {
    if (!this.#closed) this.#facts = this.#bridge.ask({ kind: "look" }) as PluginFacts;
    return this.#facts;
  }

  /** What the worker has printed since the last time. */
  *drainLogs(): Generator<LogRecord, void, void> {
    if (!this.#closed) this.#records.push(...this.#bridge.ask({ kind: "logs" }) as LogRecord[]);
    while (this.#records.length > 0) yield this.#records.shift()!;
  }

  /** What the plugin has tried since the last time. */
  *drainUses(): Generator<PermissionUse, void, void> {
    if (!this.#closed) this.#uses.push(...this.#bridge.ask({ kind: "uses" }) as PermissionUse[]);
    while (this.#uses.length > 0) yield this.#uses.shift()!;
  }

  /** Runs an operation with one answer. */
  run(operation: MemberOperation, options: SyncOperationOptions): unknown {
    const { endpoint, member, body } = operation;
    const name = { plugin: this.#facts.name, member };
    let functions: readonly GivenFunction[] = [];
    const call = this.#prepare(operation, options, () => {
      const encoded = encodeBody({ endpoint, body }, name);
      functions = encoded.functions ?? functions;
      return sendBody(encoded, name);
    });
    const request: BlockingRequest = { kind: "call", operation: { endpoint, member }, call };
    const onQuestion = (question: unknown) => this.#callBack(functions, question as SentCallback);
    return this.#received(
      this.#bridge.ask(request, { onProgress: options.onProgress, onQuestion, memory: memoryOf(call.body) }) as SentValue,
    );
  }

  /** Runs a function of a call, in which this thread makes no call that would wait for that one. */
  #callBack(functions: readonly GivenFunction[], { function: number, args }: SentCallback, isOfStream = false): Told {
    this.#depth++;
    // A stream has its place already.
    this.#callbacks += Number(!isOfStream);
    try {
      return runFunction(functions[number]!, this.#received(args) as unknown[]);
    } finally {
      this.#callbacks -= Number(!isOfStream);
      this.#depth--;
    }
  }

  /** Asks a question. */
  ask<Name extends Question>(member: Name, options: SyncOperationOptions): Answer<Name> {
    return this.run(operationOf(member), options) as Answer<Name>;
  }

  /** Runs a call that yields. What it is called with is taken at once. */
  stream(operation: MemberOperation, options: SyncCallOptions): Generator<unknown, void, void> {
    const stream = this.#nextStream++;
    const functions: GivenFunction[] = [];
    const body = outcomeOf(() => this.#take(stream, operation, functions));
    return this.#stream(operation, { stream, body, options, functions });
  }

  /** Lets the plugin and the thread go. Doing so twice is harmless. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    using bridge = this.#bridge;
    this.#closed = true;
    try {
      bridge.ask(CLEANUP);
      this.#records.push(...bridge.ask({ kind: "logs" }) as LogRecord[]);
      this.#uses.push(...bridge.ask({ kind: "uses" }) as PermissionUse[]);
      this.#facts = bridge.ask({ kind: "look" }) as PluginFacts;
    } catch (error) {
      if (!bridge.isBroken) throw error;
      // The thread is ended, and the worker with it. Only one that still works removes their folder; the next start would find it.
      bridge.askAtLast(CLEANUP, LAST_BUDGET_MS);
    }
  }

  *#stream(operation: MemberOperation, { stream, body, options, functions }: TakenStream): Generator<unknown, void, void> {
    const { endpoint, member } = operation;
    const open = { ...this.#prepare(operation, options, body), operation: { endpoint, member } };
    this.#streams.add(stream);
    try {
      const pull = { stream, open, member, functions };
      for (const chunk of this.#pull(pull, options.onProgress)) yield this.#received(chunk);
    } finally {
      this.#streams.delete(stream);
    }
  }

  /** What a stream is called with is taken at once, though it begins when its first chunk is asked for. Only the thread can hold a file. */
  #take(stream: number, { endpoint, member, body: values }: MemberOperation, functions: GivenFunction[]): SentBody {
    const name = { plugin: this.#facts.name, member };
    const encoded = encodeBody({ endpoint, body: values }, name);
    functions.push(...encoded.functions ?? []);
    const body = sendBody(encoded, { ...name, isKept: true });
    if (this.#closed || !holdsFiles(body)) return body;
    this.#bridge.ask({ kind: "take", stream, operation: { endpoint, member }, body }, { memory: memoryOf(body) });
    return {};
  }

  /** All that can be refused here is refused here, as the asynchronous proxy would: before anything is sent. */
  #prepare({ endpoint, member }: MemberOperation, { onProgress, ...options }: SyncCallOptions, body: () => SentBody): CallFacts {
    const { name: plugin, maxConcurrency } = this.#facts;
    if (this.#closed) throw closedError({ plugin, member });
    if ("signal" in options) throw noSignalError(plugin, member);
    if (endpointRule(endpoint).isCall && this.#streams.size + this.#callbacks >= maxConcurrency) throw this.#noPlaceError(member);
    return { body: body(), options, reports: onProgress !== undefined, trace: activeTrace() };
  }

  *#pull({ stream, open, member, functions = [] }: Pull, onProgress?: (progress: Progress) => void): Generator<SentValue, void, void> {
    let chunks: SentValue[] = [];
    let done = false;
    const onQuestion = (question: unknown) => this.#callBack(functions, question as SentCallback, true);
    try {
      for (let first: Pull["open"] | undefined = open; !done; first = undefined) {
        const memory = first !== undefined && "body" in first ? memoryOf(first.body) : undefined;
        const batch = this.#bridge.ask({ kind: "pull", stream, open: first }, { onProgress, onQuestion, memory }) as Batch;
        done = batch.done;
        chunks = batch.chunks.toReversed();
        while (chunks.length > 0) {
          yield chunks.pop()!;
          if (this.#closed) throw cancelledError({ plugin: this.#facts.name, member }, "cleanup()");
        }
      }
    } finally {
      const unread = chunks.flatMap(({ files = [] }) => files).map(({ id }) => id);
      if (!this.#closed && (!done || unread.length > 0)) this.#bridge.ask({ kind: "close", stream, unread });
    }
  }

  #received(sent: SentValue): unknown {
    return receiveValue(sent, ({ id, size, mediaType }) => new FileResultSync({ size, mediaType, access: this.#accessTo(id) }));
  }

  #accessTo(file: number): LocatedAccess {
    let removed = false;
    const demandOpen = () => {
      if (removed || this.#closed) throw resultGoneError(this.#facts.name);
    };
    const ask = (member: "path" | "location" | "bytes") => {
      demandOpen();
      return this.#bridge.ask({ kind: "file", file, member });
    };
    return {
      path: () => ask("path") as string,
      location: () => ask("location") as ResultLocation,
      bytes: () => new Uint8Array(ask("bytes") as ArrayBuffer),
      pieces: () => {
        demandOpen();
        return this.#pull({ stream: this.#nextStream++, open: { file }, member: "stream" })
          .map(({ bytes }) => new Uint8Array(bytes!)) as Generator<Uint8Array<ArrayBuffer>, void, void>;
      },
      remove: () => {
        if (removed || this.#closed) return;
        removed = true;
        this.#bridge.ask({ kind: "file", file, member: "remove" });
      },
    };
  }

  #noPlaceError(member: string): PluginStateError {
    const { name: plugin, maxConcurrency } = this.#facts;
    if (this.#depth > 0) return withinCallbackError({ plugin, member });
    const places = maxConcurrency === 1 ? "its one place" : `its ${maxConcurrency} places`;
    const message = `Cannot run "${member}" of "${plugin}": streams that are open here take ${places}, and a blocked loop cannot go on. ` +
      `Leave the loop first, raise "max_concurrency" in the manifest, or start the plugin twice`;
    return new PluginStateError(message, { plugin });
  }
}

const CLEANUP: BlockingRequest = { kind: "call", operation: operationOf("cleanup"), call: { body: {}, options: {}, reports: false } };

/** How long a thread whose answers cannot be read may take to let go of its plugin, in milliseconds: somewhat longer than the plugin may. */
const LAST_BUDGET_MS = 3_000;

function noSignalError(plugin: string, member: string): PluginStateError {
  const message =
    `Cannot run "${member}" of "${plugin}" with a signal: nothing can abort it while it blocks. Give "timeoutMs", or use RemotePluginProxy`;
  return new PluginStateError(message, { plugin });
}
