/**
 * Runs operations on a plugin, one code path for all of them: the turn, the request, the frames, and the one answer at the end.
 *
 * @module
 */
import { CallCancelledError, CallError, type PluginError, PluginStateError, ProtocolError } from "../errors.ts";
import type { WorkerExit } from "../process/worker_process.ts";
import type { ChunkFrame, ResultFrame } from "../protocol/frames.ts";
import type { WireRequest } from "../protocol/exchange.ts";
import { endpointRule } from "../protocol/messages.ts";
import { Turns } from "../protocol/turns.ts";
import { decodeValue, encodeValue, UnsendableValueError } from "../protocol/values.ts";
import { type Connection, EXIT_PATIENCE_MS } from "./_connection.ts";
import { exitError, isBroken, reportedError, transportError } from "./_failures.ts";
import { OpenCall } from "./_open_call.ts";
import { Reply } from "./_reply.ts";
import type { OperationOptions } from "./interface.ts";

/** What the worker is asked for, and under which name its errors speak of it. */
export interface Operation {
  readonly endpoint: WireRequest["endpoint"];
  readonly member: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** The operations of one plugin. */
export class Operations {
  readonly #connection: Connection;
  readonly #turns: Turns;
  readonly #open = new Set<OpenCall>();
  /** Set when no operation can begin any more: makes the error that says why. */
  #closed: ((member: string) => PluginError) | undefined;
  #nextId = 1;

  /** Watches the connection's worker: its end ends every open operation. */
  constructor(connection: Connection) {
    this.#connection = connection;
    this.#turns = new Turns(connection.maxConcurrency);
    connection.worker?.exited.then((exit) => this.#workerEnded(exit));
  }

  /** Runs an operation that has one result. */
  async run(operation: Operation, options: OperationOptions): Promise<unknown> {
    const frames = this.stream(operation, options);
    const { value, done } = await frames.next();
    if (done) return value;
    await frames.return(undefined);
    throw new ProtocolError(`Cannot run "${operation.member}" of "${this.#plugin}": the worker answered with a stream`, {
      plugin: this.#plugin,
    });
  }

  /** Runs an operation, yields its chunks and returns its result. Leaving early cancels it in the worker. */
  async *stream(operation: Operation, options: OperationOptions): AsyncGenerator<unknown, unknown, void> {
    if (this.#closed !== undefined) throw this.#closed(operation.member);
    const body = encodeBody(operation, this.#plugin);
    const call = new OpenCall({ plugin: this.#plugin, member: operation.member }, options);
    this.#open.add(call);
    try {
      await this.#begin(call, { endpoint: operation.endpoint, body, wantsProgress: options.onProgress !== undefined });
      while (true) {
        const frame = await call.nextFrame();
        if ("progress" in frame) options.onProgress?.(frame);
        else if ("chunk" in frame) yield decodeFrame(frame, "chunk", call);
        else if ("result" in frame) return decodeFrame(frame, "result", call);
        else throw reportedError(frame.error, call.name);
      }
    } catch (error) {
      throw await this.#explain(error, call);
    } finally {
      void call.end().finally(() => this.#open.delete(call));
    }
  }

  /** Ends every open operation, and lets none begin any more. Resolves when the worker has let go of them. */
  async close(): Promise<void> {
    const plugin = this.#plugin;
    this.#closed ??= (member) =>
      new PluginStateError(`Cannot run "${member}" of "${plugin}" after cleanup(). Start the plugin again`, { plugin });
    const open = [...this.#open];
    for (const call of open) {
      call.abandon(new CallCancelledError(`"${call.name.member}" of "${plugin}" was cancelled, for cleanup() was called`, { plugin }));
    }
    await Promise.all(open.map((call) => call.end()));
  }

  /** The plugin's own cleanup, the last request that a worker gets. A plugin that fails at it or takes too long is ended all the same. */
  async cleanUpPlugin(budgetMs: number): Promise<void> {
    const budget = new AbortController();
    const timer = setTimeout(() => budget.abort(), budgetMs);
    try {
      const frame = await this.#send({ endpoint: "cleanup", body: {} }).last(budget.signal);
      if ("error" in frame) this.#connection.worker?.log.add("stderr", `cleanup() failed with ${frame.error.type}: ${frame.error.message}`);
    } catch {
      // The worker is gone or stuck; it is ended next in any case.
    } finally {
      clearTimeout(timer);
    }
  }

  get #plugin(): string {
    return this.#connection.plugin.name;
  }

  async #begin(call: OpenCall, request: WireRequest): Promise<void> {
    const turn = endpointRule(request.endpoint).isCall ? await this.#turns.acquire(call.signal) : undefined;
    call.begin(turn, () => this.#send(request));
  }

  #send(request: WireRequest): Reply {
    const callId = endpointRule(request.endpoint).isCall ? `c${this.#nextId++}` : undefined;
    return new Reply(this.#connection.exchange, { ...request, callId });
  }

  async #explain(error: unknown, call: OpenCall): Promise<unknown> {
    if (call.signal.aborted) return call.signal.reason;
    const { worker } = this.#connection;
    // The end of the process abandons the call with an error that says more than the broken connection.
    if (isBroken(error)) await worker?.endedWithin(EXIT_PATIENCE_MS);
    return call.signal.aborted ? call.signal.reason : transportError(error, call.name);
  }

  #workerEnded(exit: WorkerExit): void {
    const { worker } = this.#connection;
    const output = worker!.log.tail;
    const open = [...this.#open];
    const calls = open.map((call) => call.name.member);
    this.#closed ??= () => exitError(this.#plugin, exit, { output, calls: [] });
    for (const call of open) call.abandon(exitError(this.#plugin, exit, { output, calls }));
  }
}

function decodeFrame(frame: ChunkFrame | ResultFrame, key: "chunk" | "result", { name }: OpenCall): unknown {
  const value = (frame as unknown as Record<string, unknown>)[key];
  try {
    return decodeValue(value, frame.types);
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new ProtocolError(`Cannot read the ${key} of "${name.member}" of "${name.plugin}": ${what}`, { plugin: name.plugin, cause });
  }
}

/** Only the arguments of calls have room beside them for the names of types that JSON lacks. */
function encodeBody({ endpoint, member, body }: Operation, plugin: string): Operation["body"] {
  if (body === undefined) return undefined;
  try {
    const { value, types } = encodeValue(body);
    const plain = value as Record<string, unknown>;
    if (types === undefined) return plain;
    if (endpoint === "execute" || endpoint === "execute_stream" || endpoint === "task") return { ...plain, types };
    throw new UnsendableValueError("NaN or infinite, which no configuration can be", Object.keys(types)[0]!.split("/").slice(1));
  } catch (cause) {
    if (!(cause instanceof UnsendableValueError)) throw cause;
    const message = `Cannot run "${member}" of "${plugin}": ${cause.message.charAt(0).toLowerCase()}${cause.message.slice(1)}`;
    throw new CallError("invalid_arguments", message, { plugin, cause });
  }
}
