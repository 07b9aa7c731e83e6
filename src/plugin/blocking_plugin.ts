/**
 * The side of a blocking proxy that waits: what it asks of the thread that has the plugin.
 *
 * @module
 */
import { PluginStateError } from "../errors.ts";
import type { EnvironmentStep } from "../environments/environment.ts";
import { resultGoneError } from "../payload/file_result.ts";
import { FileResultSync, type LocatedAccess } from "../payload/file_result_sync.ts";
import type { ResultLocation } from "../payload/location.ts";
import type { LogRecord } from "../process/output_log.ts";
import type { PermissionUse } from "../process/permission_audit.ts";
import { endpointRule } from "../protocol/endpoints.ts";
import { activeTrace } from "../protocol/telemetry.ts";
import { BlockingBridge } from "../transport/blocking/bridge.ts";
import { encodeBody } from "./arguments.ts";
import { BLOCKING_WORKER, type BlockingRequest, type CallFacts, type PluginFacts, type StreamFacts } from "./blocking_worker.ts";
import { cancelledError, closedError } from "./failures.ts";
import type { CallOptions, OperationOptions, Progress, StartOptions } from "./interface.ts";
import { type Answer, type MemberOperation, operationOf, type Question } from "./members.ts";
import { outcomeOf } from "./outcome.ts";
import type { Batch } from "./run_ahead.ts";
import { holdsFiles, memoryOf, receiveValue, sendBody, type SentBody, type SentValue } from "./sent_values.ts";

/**
 * What every blocking operation takes. There is no `signal`: nothing can abort an operation while its thread is blocked. An exception of `onProgress`,
 * which is called in this thread, abandons the operation and is thrown.
 */
export type SyncOperationOptions = Omit<OperationOptions, "signal">;

/** What the blocking `execute` and `executeStream` take. */
export type SyncCallOptions = Omit<CallOptions, "signal">;

/** How the start of a plugin is followed. */
type OpenOptions = Pick<StartOptions, "onEnvironment">;

/** A stream that is to be read to its end. */
interface Pull {
  readonly stream: number;
  /** What the stream is of. */
  readonly open: StreamFacts | { readonly file: number };
  readonly member: string;
}

/** A stream that was called for, and has not begun. */
interface TakenStream {
  readonly stream: number;
  readonly body: () => SentBody;
  readonly options: SyncCallOptions;
}

/** A plugin in another thread, for which this one waits. Disposing it lets go of the thread. */
export class BlockingPlugin implements Disposable {
  readonly #bridge: BlockingBridge<BlockingRequest>;
  #facts: PluginFacts;
  /** The streams that a loop of this thread has begun and not left. */
  readonly #streams = new Set<number>();
  #nextStream = 1;
  #records: LogRecord[] = [];
  #uses: PermissionUse[] = [];
  #closed = false;

  private constructor(bridge: BlockingBridge<BlockingRequest>, facts: PluginFacts) {
    this.#bridge = bridge;
    this.#facts = facts;
  }

  /** Starts the thread, and has it start a worker or attach to one. */
  static open(request: BlockingRequest, plugin: string, { onEnvironment }: OpenOptions = {}): BlockingPlugin {
    using owned = new DisposableStack();
    const bridge = owned.use(new BlockingBridge<BlockingRequest>(BLOCKING_WORKER, plugin));
    const onProgress = onEnvironment && (({ message }: Progress) => onEnvironment(JSON.parse(message) as EnvironmentStep));
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
    const call = this.#prepare(operation, options, () => sendBody(encodeBody({ endpoint, body }, name), name));
    const request: BlockingRequest = { kind: "call", operation: { endpoint, member }, call };
    return this.#received(this.#bridge.ask(request, { onProgress: options.onProgress, memory: memoryOf(call.body) }) as SentValue);
  }

  /** Asks a question. */
  ask<Name extends Question>(member: Name, options: SyncOperationOptions): Answer<Name> {
    return this.run(operationOf(member), options) as Answer<Name>;
  }

  /** Runs a call that yields. What it is called with is taken at once. */
  stream(operation: MemberOperation, options: SyncCallOptions): Generator<unknown, void, void> {
    const stream = this.#nextStream++;
    const body = outcomeOf(() => this.#take(stream, operation));
    return this.#stream(operation, { stream, body, options });
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

  *#stream(operation: MemberOperation, { stream, body, options }: TakenStream): Generator<unknown, void, void> {
    const { endpoint, member } = operation;
    const open = { ...this.#prepare(operation, options, body), operation: { endpoint, member } };
    this.#streams.add(stream);
    try {
      for (const chunk of this.#pull({ stream, open, member }, options.onProgress)) yield this.#received(chunk);
    } finally {
      this.#streams.delete(stream);
    }
  }

  /** What a stream is called with is taken at once, though it begins when its first chunk is asked for. Only the thread can hold a file. */
  #take(stream: number, { endpoint, member, body: values }: MemberOperation): SentBody {
    const name = { plugin: this.#facts.name, member };
    const body = sendBody(encodeBody({ endpoint, body: values }, name), { ...name, isKept: true });
    if (this.#closed || !holdsFiles(body)) return body;
    this.#bridge.ask({ kind: "take", stream, operation: { endpoint, member }, body }, { memory: memoryOf(body) });
    return {};
  }

  /** All that can be refused here is refused here, as the asynchronous proxy would: before anything is sent. */
  #prepare({ endpoint, member }: MemberOperation, { onProgress, ...options }: SyncCallOptions, body: () => SentBody): CallFacts {
    const { name: plugin, maxConcurrency } = this.#facts;
    if (this.#closed) throw closedError({ plugin, member });
    if ("signal" in options) throw noSignalError(plugin, member);
    if (endpointRule(endpoint).isCall && this.#streams.size >= maxConcurrency) throw this.#noPlaceError(member);
    return { body: body(), options, reports: onProgress !== undefined, trace: activeTrace() };
  }

  *#pull({ stream, open, member }: Pull, onProgress?: (progress: Progress) => void): Generator<SentValue, void, void> {
    let chunks: SentValue[] = [];
    let done = false;
    try {
      for (let first: Pull["open"] | undefined = open; !done; first = undefined) {
        const memory = first !== undefined && "body" in first ? memoryOf(first.body) : undefined;
        const batch = this.#bridge.ask({ kind: "pull", stream, open: first }, { onProgress, memory }) as Batch;
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
