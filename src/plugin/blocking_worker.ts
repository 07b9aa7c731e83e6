/**
 * What runs in the thread of a blocking proxy: the plugin, asked by messages.
 *
 * @module
 */
import { inTrace, type TraceContext } from "../protocol/telemetry.ts";
import { UnsendableValueError } from "../protocol/values.ts";
import { asChecked } from "../manifest/load.ts";
import type { Manifest, PluginSpec } from "../manifest/manifest.ts";
import type { PermissionSet } from "../protocol/messages.ts";
import type { WorkerExit } from "../process/worker_process.ts";
import type { LogRecord } from "../process/output_log.ts";
import type { PermissionUse } from "../process/permission_audit.ts";
import { type FileResult, locationOf, resultGoneError } from "../payload/file_result.ts";
import { type BridgeEnd, Handover } from "../transport/blocking/messages.ts";
import { type BridgeControl, BridgeServer } from "../transport/blocking/server.ts";
import { offerToThread } from "../transport/blocking/thread.ts";
import { badValueError } from "./failures.ts";
import type { CallOptions, StartOptions, WorkerEndpoint } from "./interface.ts";
import type { MemberOperation } from "./members.ts";
import { RemotePlugin } from "./remote_plugin.ts";
import { type Batch, handOver, RunAhead } from "./run_ahead.ts";
import { bareMemory, receiveBody, sendValue, type SentBody, type SentValue } from "./sent_values.ts";
import { TakenBody } from "./arguments.ts";

/** This module's own place, in a bundle the bundle's. To import it from here is what brings the module into the program's graph, so that no thread has to fetch it. */
export const BLOCKING_WORKER: string = import.meta.url;

/** What a blocking proxy asks of its thread. */
export type BlockingRequest =
  | {
    readonly kind: "start";
    readonly manifest: string | Manifest | PluginSpec;
    /** Whether the manifest was checked before it was sent. */
    readonly isChecked: boolean;
    /** The options that are data. */
    readonly options: StartOptions;
    /** Whether somebody listens to the making of an environment. */
    readonly reports: boolean;
    /** Whether what the plugin tries is kept for somebody to look at. */
    readonly audit: boolean;
    readonly trace?: TraceContext;
  }
  | { readonly kind: "attach"; readonly endpoint: WorkerEndpoint }
  | { readonly kind: "call"; readonly operation: MemberOperation; readonly call: CallFacts }
  | { readonly kind: "take"; readonly stream: number; readonly operation: MemberOperation; readonly body: SentBody }
  | PullRequest
  | { readonly kind: "close"; readonly stream: number; readonly unread: readonly number[] }
  | { readonly kind: "file"; readonly file: number; readonly member: FileMember }
  | { readonly kind: "logs" }
  | { readonly kind: "uses" }
  | { readonly kind: "look" };

/** What is wanted of a file that a plugin gave. */
type FileMember = "path" | "location" | "bytes" | "remove";

/** Asks for more of a stream, the first time for the stream itself: what a call yields, or the bytes of a file. */
interface PullRequest {
  readonly kind: "pull";
  readonly stream: number;
  readonly open: StreamFacts | { readonly file: number } | undefined;
}

/** One call, as it passes between the threads. */
export interface CallFacts {
  readonly body: SentBody;
  /** The options of the call that are data. */
  readonly options: CallOptions;
  /** Whether somebody listens to progress. */
  readonly reports: boolean;
  /** What is active in the thread that calls. */
  readonly trace?: TraceContext;
}

/** The same of a call that yields, with what it asks for. */
export interface StreamFacts extends CallFacts {
  readonly operation: MemberOperation;
}

/** What a started proxy is. */
export interface PluginFacts {
  readonly name: string;
  readonly version: string;
  readonly pid: number | undefined;
  readonly permissions: PermissionSet | undefined;
  readonly endpoint: RemotePlugin["endpoint"];
  readonly warnings: readonly string[];
  readonly maxConcurrency: number;
  /** How the last worker ended, once none follows. */
  readonly exit: WorkerExit | undefined;
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

function manifestOf({ manifest, isChecked }: Extract<BlockingRequest, { kind: "start" }>): string | Manifest | PluginSpec {
  return isChecked ? asChecked(manifest as PluginSpec) : manifest;
}

function startOptions({ options, reports }: Extract<BlockingRequest, { kind: "start" }>, control: BridgeControl): StartOptions {
  if (!reports) return options;
  // It goes the way of a call's progress.
  return { ...options, onEnvironment: (step) => control.onProgress({ progress: -1, message: JSON.stringify(step) }) };
}

class BlockingWorker {
  readonly #streams = new Map<number, RunAhead>();
  /** What streams that have not begun are called with. */
  readonly #taken = new Map<number, TakenBody>();
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
        return this.#adopt(await RemotePlugin.start(manifestOf(request), { ...startOptions(request, control), ...this.#audit(request) }));
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

  #audit({ audit }: Extract<BlockingRequest, { kind: "start" }>): Pick<StartOptions, "auditPermissions"> {
    return audit ? { auditPermissions: (use) => keepLatest(this.#uses, use) } : {};
  }

  #adopt(plugin: RemotePlugin): PluginFacts {
    this.#opened = plugin;
    void this.#collect(plugin.logs);
    void plugin.exited.then((exit) => this.#exit = exit);
    return this.#facts(plugin);
  }

  #facts(plugin: RemotePlugin): PluginFacts {
    const { name, version, pid, permissions, endpoint, warnings, maxConcurrency } = plugin;
    return { name, version, pid, permissions, endpoint, warnings, maxConcurrency, exit: this.#exit };
  }

  async #collect(logs: AsyncIterable<LogRecord>): Promise<void> {
    for await (const record of logs) keepLatest(this.#records, record);
  }

  async #call(operation: MemberOperation, call: CallFacts, control: BridgeControl): Promise<SentValue> {
    const body = receiveBody(operation.endpoint, call.body);
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

  #take(operation: MemberOperation, body: SentBody): TakenBody {
    return TakenBody.of({ ...operation, body: receiveBody(operation.endpoint, body) }, this.#plugin.name);
  }

  #open(stream: number, { operation, ...call }: StreamFacts): RunAhead {
    using body = this.#taken.get(stream) ?? receiveBody(operation.endpoint, call.body);
    this.#taken.delete(stream);
    const open = ({ signal, ...control }: BridgeControl) =>
      this.#plugin.stream({ ...operation, body }, { ...optionsOf(call, { signal, ...control }), signal });
    return new RunAhead(open, { reports: call.reports, onChunk: (chunk) => this.#sent(chunk, operation.member) });
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
