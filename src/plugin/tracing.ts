/**
 * What OpenTelemetry is told of a plugin: a span and measurements for each call, and for each start of a worker. `docs/tracing.md` has the names.
 *
 * @module
 */
import { type Address, hostAndPort, isUnix } from "../protocol/address.ts";
import { RemoteError, wasCancelled } from "../errors.ts";
import type { WorkerPlacement } from "../process/worker_placement.ts";
import type { WorkerExit } from "../process/running_child.ts";
import type { HelloMessage } from "../protocol/messages.ts";
import {
  activeTrace,
  type Attributes,
  type Context,
  markFailed,
  registeredTelemetry,
  RPC_SYSTEM,
  SCOPE,
  type Span,
  SPAN_KIND,
  type Telemetry,
  type TraceContext,
  type Tracer,
} from "../protocol/telemetry.ts";
import { UNREADABLE } from "./callback_answer.ts";
import { Instruments } from "./instruments.ts";

/** What is told of a worker. */
export interface TracedWorker {
  readonly plugin: { readonly version: string };
  readonly process: { readonly hello: Pick<HelloMessage, "pid" | "worker" | "address">; readonly placement?: WorkerPlacement } | undefined;
  readonly exited: Promise<WorkerExit> | undefined;
}

/** A start of a worker. */
interface Start {
  readonly plugin: string;
  /** Whether the worker takes another's place. */
  readonly isRestart: boolean;
}

/** A wait for a turn that is shorter than this, in milliseconds, is none. */
const SHORTEST_WAIT_MS = 1;

/** Tells OpenTelemetry of calls and starts. */
export class Tracing {
  readonly #telemetry: Telemetry;
  readonly #tracer: Tracer | undefined;
  readonly #instruments: Instruments | undefined;

  private constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
    this.#tracer = telemetry.trace?.getTracer(...SCOPE);
    this.#instruments = telemetry.metrics && new Instruments(telemetry.metrics.getMeter(...SCOPE));
  }

  /** `undefined` when nobody listens. */
  static find(): Tracing | undefined {
    const telemetry = registeredTelemetry();
    return telemetry?.trace === undefined && telemetry?.metrics === undefined ? undefined : new Tracing(telemetry);
  }

  /** Begins a call's trace, below the active span. */
  begin({ endpoint }: { readonly endpoint: string }, plugin: string): CallTrace {
    const method = `${plugin}/${endpoint}`;
    const facts = { "rpc.system.name": RPC_SYSTEM, "rpc.method": method, "remote_plugin.plugin.name": plugin };
    const { context } = this.#telemetry;
    const tell = (span?: Span) =>
      new CallTrace(facts, { context, active: context?.active(), span, tracer: this.#tracer, instruments: this.#instruments });
    return this.#tracer?.startActiveSpan(method, { kind: SPAN_KIND.client, attributes: facts }, tell) ?? tell();
  }

  /** Tells of a worker's start, whose own requests are part of it. One that takes another's place has a trace of its own. */
  start<Worker extends TracedWorker>(launch: () => Promise<Worker>, { plugin, isRestart }: Start): Promise<Worker> {
    const attributes = { "remote_plugin.plugin.name": plugin, "remote_plugin.worker.restart": isRestart };
    const tell = (span?: Span) => this.#start(launch, attributes, span);
    const options = { kind: SPAN_KIND.internal, attributes, root: isRestart };
    return this.#tracer?.startActiveSpan(`start ${plugin}`, options, tell) ?? tell();
  }

  async #start<Worker extends TracedWorker>(launch: () => Promise<Worker>, facts: Attributes, span: Span | undefined): Promise<Worker> {
    const begun = performance.now();
    let failure: Attributes = {};
    try {
      const worker = await launch();
      span?.setAttributes(factsOf(worker));
      void worker.exited?.then((exit) => this.#instruments?.exits.add(1, { ...facts, ...endOf(exit) }));
      return worker;
    } catch (error) {
      failure = { "error.type": typeOf(error) };
      if (span !== undefined) markFailed(span, error);
      throw error;
    } finally {
      this.#instruments?.starts.record(secondsSince(begun), { ...facts, ...failure });
      span?.end();
    }
  }
}

/** What a call's trace is told by. */
interface TraceMeans {
  readonly span: Span | undefined;
  readonly tracer: Tracer | undefined;
  readonly context: Telemetry["context"];
  /** In which the span is active. */
  readonly active: Context | undefined;
  readonly instruments: Instruments | undefined;
}

/** The trace of one call, from when it was made until its caller has the answer. */
export class CallTrace {
  readonly #facts: Attributes;
  readonly #means: TraceMeans;
  readonly #begun = performance.now();
  /** What the worker is given, so that its spans are below this one. */
  readonly sent: TraceContext | undefined;
  #ending: Attributes = {};
  #chunks = 0;
  #wasSent = false;

  /** Begins. */
  constructor(facts: Attributes, means: TraceMeans) {
    this.#facts = facts;
    this.#means = means;
    this.sent = activeTrace();
    means.instruments?.active.add(1, facts);
  }

  /** Runs code below the call's span. */
  within<Result>(code: () => Result): Result {
    const { context, active } = this.#means;
    return context === undefined || active === undefined ? code() : context.with(active, code);
  }

  /** The call has its turn at once. It has waited for nobody, however busy the host is. */
  hasTurn(): void {
    this.#means.instruments?.waits.record(0, this.#facts);
  }

  /** The call waits for its turn. */
  async queue(turn: Promise<unknown>): Promise<void> {
    const begun = performance.now();
    try {
      await turn;
    } finally {
      const waited = performance.now() - begun;
      this.#means.instruments?.waits.record(waited / 1000, this.#facts);
      if (waited >= SHORTEST_WAIT_MS) this.#step("queue", begun);
    }
  }

  /** The call's files are written. */
  async handOver<Written>(writing: Promise<Written>, inputs: { readonly bytes: number }): Promise<Written> {
    const begun = performance.now();
    let bytes = 0;
    try {
      const written = await writing;
      ({ bytes } = inputs);
      return written;
    } finally {
      this.#step("hand over files", begun, { "remote_plugin.file.size": bytes });
      this.#means.instruments?.files.add(bytes, { ...this.#facts, "remote_plugin.file.direction": "to_plugin" });
    }
  }

  /** A function that the plugin calls runs: with a span of its own, which is active in it. */
  callBack<Result>(name: string, run: () => Promise<Result>): Promise<Result> {
    const tell = (span: Span) => endedWith(span, run);
    return this.within(() =>
      this.#means.tracer?.startActiveSpan(`callback ${name}`.trimEnd(), { kind: SPAN_KIND.internal }, tell) ?? run()
    );
  }

  /** The call has been given to a worker, again when the one before has ended. */
  send(worker: TracedWorker, callId: string | undefined): void {
    const { span } = this.#means;
    if (this.#wasSent) span?.addEvent("sent again");
    this.#wasSent = true;
    span?.setAttributes({ ...factsOf(worker), ...callId === undefined ? {} : { "remote_plugin.call.id": callId } });
  }

  /** A chunk of a stream has come. */
  countChunk(): void {
    this.#chunks++;
  }

  /** The plugin has given a file. */
  receive(bytes: number): void {
    this.#means.instruments?.files.add(bytes, { ...this.#facts, "remote_plugin.file.direction": "from_plugin" });
  }

  /** The caller gets an error. */
  fail(error: unknown): void {
    const type = typeOf(error);
    this.#ending = { "error.type": type };
    if (this.#means.span !== undefined) markFailed(this.#means.span, error, type);
  }

  /** The caller does not want the call any more, which is no failure. */
  cancel(): void {
    this.#ending = { "remote_plugin.call.cancelled": true };
    this.#means.span?.setAttributes(this.#ending);
  }

  /** The caller has its answer. */
  end(): void {
    const { span, instruments } = this.#means;
    if (this.#chunks > 0) span?.setAttributes({ "remote_plugin.stream.chunks": this.#chunks });
    span?.end();
    instruments?.active.add(-1, this.#facts);
    instruments?.durations.record(secondsSince(this.#begun), { ...this.#facts, ...this.#ending });
    if (this.#chunks > 0) instruments?.chunks.add(this.#chunks, this.#facts);
  }

  /** A span for what lies behind. */
  #step(name: string, begun: number, attributes: Attributes = {}): void {
    const { tracer, active } = this.#means;
    tracer?.startSpan(name, { attributes, startTime: performance.timeOrigin + begun }, active).end();
  }
}

/** The frames of a call, each of them awaited below the call's span, until the caller has the last one or leaves. */
export async function* followed(
  frames: AsyncGenerator<unknown, unknown, void>,
  trace: CallTrace,
  signal: AbortSignal | undefined,
): AsyncGenerator<unknown, unknown, void> {
  let isLeft = true;
  try {
    while (true) {
      const next = await trace.within(() => frames.next());
      isLeft = !next.done;
      if (next.done) return next.value;
      trace.countChunk();
      yield next.value;
    }
  } catch (error) {
    isLeft = wasCancelled(error, signal);
    if (!isLeft) trace.fail(error);
    throw error;
  } finally {
    if (isLeft) trace.cancel();
    trace.end();
    await frames.return(undefined);
  }
}

/** Runs code to whose end a span lasts. */
async function endedWith<Result>(span: Span, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    markThrown(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** It may be of the caller's own making, and throw in turn. */
function markThrown(span: Span, thrown: unknown): void {
  try {
    markFailed(span, thrown);
  } catch {
    markFailed(span, new Error(UNREADABLE));
  }
}

/** What is known of the worker. */
function factsOf({ plugin, process }: TracedWorker): Attributes {
  const version = { "remote_plugin.plugin.version": plugin.version };
  if (process === undefined) return version;
  const { pid, worker: kind, address } = process.hello;
  const [runtime = kind] = kind.split("/");
  const where = process.placement === undefined ? networkOf(address) : placeOf(process.placement);
  return { ...version, "remote_plugin.runtime": runtime, "remote_plugin.worker.pid": pid, ...where };
}

/** The address at which a worker elsewhere listens is of use on its node alone. */
function placeOf({ node, job }: WorkerPlacement): Attributes {
  return { "network.transport": "tcp", "server.address": node, "remote_plugin.worker.job": job };
}

function networkOf(address: Address): Attributes {
  if (isUnix(address)) return { "network.transport": "unix", "server.address": address.unix };
  const { hostname, port } = hostAndPort(address);
  return { "network.transport": "tcp", "server.address": hostname, "server.port": port };
}

function endOf({ code, signal, outOfMemory }: WorkerExit): Attributes {
  return {
    "remote_plugin.worker.exit": signal ?? (code === null ? "lost" : String(code)),
    "remote_plugin.worker.out_of_memory": outOfMemory,
  };
}

/** A word for the kind of an error; for one of the plugin's own, its class there. */
function typeOf(error: unknown): string {
  if (error instanceof RemoteError) return error.remoteType;
  return error instanceof Error ? error.name : "unknown";
}

function secondsSince(begun: number): number {
  return (performance.now() - begun) / 1000;
}
