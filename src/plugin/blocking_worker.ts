/**
 * What runs in the thread of a blocking proxy: the plugin, asked by messages.
 *
 * @module
 */
import { inTrace, type TraceContext } from "../protocol/telemetry.ts";
import { UnsendableValueError } from "../protocol/values.ts";
import type { WorkerExit } from "../process/running_child.ts";
import type { LogRecord } from "../process/output_log.ts";
import type { PermissionUse } from "../process/permission_audit.ts";
import { type FileResult, locationOf, resultGoneError } from "../payload/file_result.ts";
import { type BridgeEnd, Handover } from "../transport/blocking/messages.ts";
import { type BridgeControl, BridgeServer } from "../transport/blocking/server.ts";
import { offerToThread } from "../transport/blocking/thread.ts";
import type { BlockingRequest, CallFacts, FileMember, PluginFacts, PullRequest, StreamFacts } from "./blocking_request.ts";
import { manifestOf, startOptions, type StartRequest } from "./blocking_start.ts";
import { badValueError } from "./failures.ts";
import type { CallOptions, StartOptions } from "./interface.ts";
import type { MemberOperation } from "./members.ts";
import { RemotePlugin } from "./remote_plugin.ts";
import { type Batch, handOver, RunAhead } from "./run_ahead.ts";
import { CallbackRelay, type Sending } from "./sent_callbacks.ts";
import { bareMemory, receiveBody, sendValue, type SentBody, type SentValue } from "./sent_values.ts";
import { TakenBody } from "./arguments.ts";

/** This module's own place, in a bundle the bundle's. To import it from here is what brings the module into the program's graph, so that no thread has to fetch it. */
export const BLOCKING_WORKER: string = import.meta.url;

/** What a stream is called with. */
interface TakenStream {
  readonly body: TakenBody;
  readonly relay: CallbackRelay;
}

/** How many records of a kind wait for somebody to look at them; older ones are dropped then. */
const MAX_RECORDS = 10_000;

function keepLatest<Entry>(records: Entry[], record: Entry): void {
  records.push(record);
  if (records.length > MAX_RECORDS) records.shift();
}

/** Serves one blocking proxy until its thread is ended. */
function serve(end: BridgeEnd): void {
  const worker = new BlockingWorker();
  new BridgeServer<BlockingRequest>(end, (request, control) => worker.answer(request, control));
}

class BlockingWorker {
  readonly #streams = new Map<number, RunAhead>();
  /** What streams that have not begun are called with. */
  readonly #taken = new Map<number, TakenStream>();
  readonly #files = new Map<number, FileResult>();
  #nextFile = 1;
  #opened: RemotePlugin | undefined;
  #records: LogRecord[] = [];
  #uses: PermissionUse[] = [];
  #exit: WorkerExit | undefined;

  answer(request: BlockingRequest, control: BridgeControl): Promise<unknown> {
    return inTrace(traceOf(request), () => this.#answer(request, control));
  }

  async #answer(request: BlockingRequest, control: BridgeControl): Promise<unknown> {
    switch (request.kind) {
      case "start":
        return this.#adopt(
          await RemotePlugin.start(manifestOf(request), { ...await startOptions(request, control), ...this.#audit(request) }),
        );
      case "attach":
        return this.#adopt(await RemotePlugin.attach(request.endpoint));
      case "call":
        return await this.#call(request.operation, request.call, control);
      case "take":
        return void this.#taken.set(request.stream, this.#take(request.operation, request.body));
      case "pull":
        return await this.#pull(request, control);
      case "close":
        return await this.#close(request.stream, request.unread);
      case "file":
        return await this.#useFile(request.file, request.member);
      case "logs":
        return this.#records.splice(0);
      case "uses":
        return this.#uses.splice(0);
      case "look":
        return this.#facts(this.#plugin);
    }
  }

  get #plugin(): RemotePlugin {
    return this.#opened!;
  }

  #audit({ audit }: StartRequest): Pick<StartOptions, "auditPermissions"> {
    return audit ? { auditPermissions: (use) => keepLatest(this.#uses, use) } : {};
  }

  #adopt(plugin: RemotePlugin): PluginFacts {
    this.#opened = plugin;
    void this.#collect(plugin.logs);
    void plugin.exited.then((exit) => this.#exit = exit);
    return this.#facts(plugin);
  }

  #facts(plugin: RemotePlugin): PluginFacts {
    const { name, version, pid, permissions, endpoint, placement, warnings, maxConcurrency } = plugin;
    return { name, version, pid, permissions, endpoint, placement, warnings, maxConcurrency, exit: this.#exit };
  }

  async #collect(logs: AsyncIterable<LogRecord>): Promise<void> {
    for await (const record of logs) keepLatest(this.#records, record);
  }

  async #call(operation: MemberOperation, call: CallFacts, control: BridgeControl): Promise<SentValue> {
    const relay = new CallbackRelay();
    relay.control = control;
    const body = this.#receive(operation, call.body, relay);
    return this.#sent(await this.#plugin.run({ ...operation, body }, optionsOf(call, control)), operation.member);
  }

  async #pull({ stream, open }: PullRequest, control: BridgeControl): Promise<Batch | Handover> {
    if (open !== undefined) this.#streams.set(stream, "file" in open ? this.#openFile(open.file) : this.#open(stream, open));
    const ahead = this.#streams.get(stream)!;
    try {
      return handOver(await ahead.pull(control));
    } finally {
      if (ahead.ended) this.#streams.delete(stream);
    }
  }

  #receive({ endpoint, member }: MemberOperation, body: SentBody, relay: CallbackRelay): TakenBody {
    return receiveBody(endpoint, body, relay.functions(body.functions ?? [], (args) => this.#sending(args, member)));
  }

  /** Files that a function is called with are there until it has ended. */
  #sending(args: readonly unknown[], member: string): Sending {
    const value = this.#sent(args, member);
    return { value, [Symbol.dispose]: () => value.files?.forEach(({ id }) => this.#files.delete(id)) };
  }

  #take(operation: MemberOperation, body: SentBody): TakenStream {
    const relay = new CallbackRelay();
    return { relay, body: TakenBody.of({ ...operation, body: this.#receive(operation, body, relay) }, this.#plugin.name) };
  }

  #open(stream: number, { operation, ...call }: StreamFacts): RunAhead {
    const { relay, body: taken } = this.#taken.get(stream) ?? this.#take(operation, call.body);
    using body = taken;
    this.#taken.delete(stream);
    const open = ({ signal, ...control }: BridgeControl) => {
      relay.control = control;
      return this.#plugin.stream({ ...operation, body }, { ...optionsOf(call, { signal, ...control }), signal });
    };
    const reports = call.reports || body.functions.length > 0;
    return new RunAhead(open, { reports, onChunk: (chunk) => this.#sent(chunk, operation.member) });
  }

  /** A file's pieces are big, and come as fast as they are asked for: nothing is won by reading ahead. */
  #openFile(file: number): RunAhead {
    const onChunk = (piece: unknown) => ({ bytes: bareMemory(piece as Uint8Array<ArrayBuffer>) });
    return new RunAhead(() => piecesOf(this.#file(file)), { reports: true, onChunk });
  }

  async #close(stream: number, unread: readonly number[]): Promise<void> {
    const chunks = await this.#streams.get(stream)?.close() ?? [];
    this.#streams.delete(stream);
    const files = chunks.flatMap(({ files = [] }) => files).map(({ id }) => id);
    await Promise.all([...files, ...unread].map((file) => this.#useFile(file, "remove")));
  }

  #sent(value: unknown, member: string): SentValue {
    try {
      return sendValue(value, (file) => {
        this.#files.set(this.#nextFile, file);
        return this.#nextFile++;
      });
    } catch (cause) {
      // Some workers nest values more deeply than can be handed from thread to thread.
      throw cause instanceof UnsendableValueError ? badValueError(cause.message, { plugin: this.#plugin.name, member }) : cause;
    }
  }

  #file(id: number): FileResult {
    const file = this.#files.get(id);
    if (file === undefined) throw resultGoneError(this.#plugin.name);
    return file;
  }

  async #useFile(id: number, member: FileMember): Promise<unknown> {
    const file = this.#file(id);
    switch (member) {
      case "path":
        return file.path;
      case "location":
        return locationOf(file);
      case "bytes": {
        const memory = bareMemory(await file.bytes());
        return new Handover(memory, [memory]);
      }
      case "remove":
        this.#files.delete(id);
        return await file[Symbol.asyncDispose]();
    }
  }
}

/** The trace of which a request is a part. A stream's operation begins with the first of what is asked of it. */
function traceOf(request: BlockingRequest): TraceContext | undefined {
  switch (request.kind) {
    case "start":
      return request.trace;
    case "call":
      return request.call.trace;
    case "pull":
      return request.open !== undefined && "trace" in request.open ? request.open.trace : undefined;
    default:
      return undefined;
  }
}

async function* piecesOf(file: FileResult): AsyncGenerator<unknown, void, void> {
  yield* file.stream();
}

/** Only what a listener to progress throws can abandon a request; a stream is abandoned by other means. */
function optionsOf({ options, reports }: CallFacts, control: BridgeControl): CallOptions {
  return reports ? { ...options, signal: control.signal, onProgress: control.onProgress } : options;
}

// In a bundle the program's own lines follow.
offerToThread(serve);
