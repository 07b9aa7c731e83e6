/**
 * Starts a worker and waits until its plugin is loaded, or finds one that runs already.
 *
 * @module
 */
import { type PluginError, ProtocolError, WorkerStartError } from "../errors.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import { DEFAULT_QUOTA, usableFolders, type UseTest, WorkerFiles } from "../payload/worker_files.ts";
import type { LaunchedWorker } from "../process/launcher.ts";
import { LOCAL_LAUNCHER } from "../process/local_launcher.ts";
import { type BatchLimits, capacityOf, MOST_OPEN_CALLS, readBatch } from "../protocol/batch.ts";
import type { ErrorBody, HealthBody, ReadyBody } from "../protocol/messages.ts";
import { AHEAD_FEATURE } from "../protocol/upgrade.ts";
import { LOGS_FEATURE } from "../protocol/log_body.ts";
import { CALLBACKS_FEATURE } from "../protocol/functions.ts";
import { PARTS_FEATURE } from "../protocol/parts.ts";
import { Limit } from "../protocol/limit.ts";
import type { HttpEndpoint } from "../transport/http.ts";
import { sendBy, type SendRequest } from "../transport/frame_source.ts";
import { OutputLog } from "../process/output_log.ts";
import { loadError, transportError } from "./failures.ts";
import { dialectOf, holdsItsPort, loadAdvice, type Recognition, recognizeDialect, sendOf } from "./dialect.ts";
import type { AttachOptions, StartOptions, WorkerEndpoint } from "./interface.ts";
import { importAdvice } from "./import_advice.ts";
import { EXIT_TIMEOUT_MS, LoadedWorker } from "./loaded_worker.ts";
import { Reply } from "./reply.ts";
import { SilenceWatch } from "./silence.ts";

/** What a start is watched by. */
export interface StartWatch {
  /** Aborting it gives up the start. */
  readonly signal?: AbortSignal;
  /** Gets all that the worker prints. */
  readonly log: OutputLog;
}

/**
 * Starts a worker and waits until its plugin is loaded.
 *
 * @throws {WorkerStartError} When it does not get as far; nothing is left then.
 */
export async function startWorker(spec: PluginSpec, options: StartOptions, watch: StartWatch): Promise<LoadedWorker> {
  const log = new OutputLog(watch.log);
  using deadline = new StartDeadline(spec, { signal: watch.signal, log });
  for (let attempt = 1; attempt <= PORT_ATTEMPTS; attempt++) {
    const worker = await tryToStart(spec, options, { deadline, log });
    if (worker !== undefined) return worker;
  }
  const message = `Cannot start "${spec.name}": ${PORT_ATTEMPTS} times in a row another program took the port that its worker was given`;
  throw new WorkerStartError(message, { plugin: spec.name, phase: "handshake" });
}

/** How often a worker that can only be given a port's number is started, when others take the port before it does. */
const PORT_ATTEMPTS = 5;

interface Attempted {
  readonly deadline: StartDeadline;
  readonly log: OutputLog;
}

/** One attempt; `undefined` when the worker lost its port to another program. */
async function tryToStart(
  plugin: PluginSpec,
  options: StartOptions,
  { deadline, log }: Attempted,
): Promise<LoadedWorker | undefined> {
  await using cleanup = new AsyncDisposableStack();
  deadline.phase = "handshake";
  const { launcher = LOCAL_LAUNCHER, onQueued = () => {}, onBegin = () => {} } = options;
  const watch = { signal: deadline.signal, log, onQueued, onBegin: () => (deadline.begin(), onBegin()) };
  const worker = cleanup.use(await launcher.launch(plugin, options, watch));
  log.placement = worker.placement;
  const heldBack = (name: string) => worker.heldBack(name, EXIT_TIMEOUT_MS);
  const dialect = cleanup.use(dialectOf(worker, { upgrade: options.upgrade ?? true, heldBack }));
  const send = sendOf(dialect);
  const { features } = worker.hello;
  deadline.phase = "load";
  if (features.includes("picked_port") && !await holdsItsPort(worker, dialect.exchange, deadline.signal)) return undefined;
  const ready = await waitUntilLoaded(worker, send, deadline.signal);
  const quota = options.scratchQuota ?? DEFAULT_QUOTA;
  const isInUse = features.includes("reuse") ? useTest(send) : undefined;
  const files = cleanup.use(new WorkerFiles({ plugin: ready.name, folders: worker.scratch, quota, isInUse }));
  worker.unref();
  const owned = cleanup.move();
  return new LoadedWorker({
    send,
    sendAhead: features.includes(AHEAD_FEATURE) ? dialect.sendAhead : undefined,
    plugin: ready,
    maxConcurrency: plugin.maxConcurrency,
    batch: plugin.batch,
    process: worker,
    warnings: worker.warnings,
    files,
    takesFunctions: worker.hello.features.includes(CALLBACKS_FEATURE),
    takesParts: features.includes(PARTS_FEATURE),
    exited: worker.exited,
    dispose: () => owned.disposeAsync(),
  });
}

/** Asks the worker whether anybody has a file open. Somebody may have, unless it says clearly that nobody has. */
function useTest(send: SendRequest): UseTest {
  return async (path, signal) => {
    try {
      const frame = await new Reply(send({ endpoint: "in_use", body: { path } })).last(signal);
      return !("result" in frame) || (frame.result as { in_use?: unknown } | null)?.in_use !== false;
    } catch {
      signal.throwIfAborted();
      return true; // The worker is gone, which the call will find out in its own way.
    }
  };
}

/**
 * Connects to a worker that runs already.
 *
 * @throws {ProtocolError} When nothing answers there, or not as a worker does.
 */
export async function attachWorker(endpoint: WorkerEndpoint, { signal, upgrade = true }: AttachOptions): Promise<LoadedWorker> {
  const owned = new AsyncDisposableStack();
  const plugin = "url" in endpoint ? endpoint.url : "in memory";
  try {
    const send = "exchange" in endpoint
      ? sendBy(endpoint.exchange)
      : await speakWith(owned, endpoint, { signal: signal ?? NEVER, upgrade });
    const ready = await ask<ReadyBody>(send, "ready", { plugin, signal });
    const health = await ask<HealthBody>(send, "health", { plugin, signal });
    const files = owned.use(new WorkerFiles({ plugin: ready.name, folders: usableFolders(endpoint.scratch), quota: DEFAULT_QUOTA }));
    const maxConcurrency = concurrencyOf(health, plugin);
    const exited = "exited" in endpoint ? endpoint.exited : undefined;
    const features = Array.isArray(health.features) ? health.features : [];
    const takesParts = features.includes(PARTS_FEATURE);
    const callLog = features.includes(LOGS_FEATURE) ? new OutputLog() : undefined;
    return new LoadedWorker({
      send,
      plugin: ready,
      maxConcurrency,
      batch: batchOf(health, maxConcurrency),
      exited,
      files,
      takesParts,
      takesFunctions: features.includes(CALLBACKS_FEATURE),
      callLog,
      dispose: () => owned.disposeAsync(),
    });
  } catch (error) {
    await owned.disposeAsync();
    throw transportError(error, { plugin, member: "attach" });
  }
}

const NEVER: AbortSignal = new AbortController().signal;

async function speakWith(owned: AsyncDisposableStack, endpoint: HttpEndpoint, how: Recognition): Promise<SendRequest> {
  return sendOf(owned.use(await recognizeDialect(endpoint, how)));
}

interface Asker {
  readonly plugin: string;
  readonly signal: AbortSignal | undefined;
}

async function ask<Body>(send: SendRequest, endpoint: "ready" | "health", { plugin, signal }: Asker): Promise<Body> {
  const frame = await new Reply(send({ endpoint })).last(signal);
  if ("error" in frame) throw loadError(frame.error, { plugin });
  return checked(frame.result, plugin) as Body;
}

function checked(result: unknown, plugin: string): unknown {
  if (typeof result === "object" && result !== null && "name" in result && "version" in result) {
    if (typeof result.name === "string" && typeof result.version === "string") return result;
  }
  throw new ProtocolError(`Cannot talk to "${plugin}": it does not say which plugin it runs`, { plugin });
}

function concurrencyOf({ max_concurrency: count }: HealthBody, plugin: string): number {
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new ProtocolError(`Cannot talk to "${plugin}": it does not say how many calls it runs at once`, { plugin });
}

/** A worker that wants more calls at once than a host sends to one is sent no more for its batches than for others. */
function batchOf({ batch: told }: HealthBody, maxConcurrency: number): BatchLimits | undefined {
  const batch = readBatch(told);
  return capacityOf(maxConcurrency, batch) <= MOST_OPEN_CALLS ? batch : undefined;
}

async function waitUntilLoaded(worker: LaunchedWorker, send: SendRequest, signal: AbortSignal): Promise<ReadyBody> {
  const plugin = worker.spec.name;
  const reply = new Reply(send({ endpoint: "ready" }));
  try {
    const frame = await reply.last(signal);
    if ("error" in frame) throw await loadFailure(frame.error, worker);
    return checked(frame.result, plugin) as ReadyBody;
  } catch (error) {
    if (signal.aborted || error instanceof WorkerStartError) throw error;
    throw await brokenLoad(worker, error);
  }
}

/** What the plugin printed while it was loaded is on its way still; the process's end brings it. */
async function loadFailure(body: ErrorBody, worker: LaunchedWorker): Promise<PluginError> {
  const { spec, log } = worker;
  await worker[Symbol.asyncDispose]();
  return loadError(body, { plugin: spec.name, output: log.tail, advice: importAdvice(spec, body.message) });
}

async function brokenLoad(worker: LaunchedWorker, cause: unknown): Promise<WorkerStartError> {
  const { spec } = worker;
  const ended = await worker.endedWithin(EXIT_TIMEOUT_MS);
  const facts = { plugin: spec.name, phase: "load", output: worker.log.tail, cause } as const;
  if (ended === undefined) return new WorkerStartError(`Cannot load "${spec.name}": the worker's answer cannot be read`, facts);
  const how = ended.signal ?? `exit code ${ended.code}`;
  const tail = worker.log.tail.trimEnd();
  const said = (tail === "" ? "It printed nothing" : `It printed last: ${tail}`) + loadAdvice(spec, tail);
  return new WorkerStartError(`Cannot load "${spec.name}": the worker ended with ${how} while it loaded the plugin. ${said}`, {
    ...facts,
    exitCode: ended.code,
    signal: ended.signal,
  });
}

/** Aborts a start that takes too long or is silent for too long from its beginning on, or that the caller gives up. */
class StartDeadline implements Disposable {
  phase: "handshake" | "load" = "handshake";
  readonly #controller = new AbortController();
  readonly #spec: PluginSpec;
  readonly #watch: StartWatch;
  #limit: Limit | undefined;
  #silence: SilenceWatch | undefined;
  readonly #onCallerAbort = () => this.#controller.abort(this.#watch.signal?.reason);

  constructor(spec: PluginSpec, watch: StartWatch) {
    watch.signal?.throwIfAborted();
    this.#spec = spec;
    this.#watch = watch;
    watch.signal?.addEventListener("abort", this.#onCallerAbort, { once: true });
  }

  /** Counts from here on. Only the first time counts: a worker that lost its port is another attempt of the same start. */
  begin(): void {
    const [spec, { log }] = [this.#spec, this.#watch];
    const { startTimeoutMs, idleTimeoutMs } = spec;
    if (this.#limit !== undefined || this.#silence !== undefined) return;
    if (startTimeoutMs !== undefined) {
      this.#limit = new Limit(startTimeoutMs, () => this.#giveUp(spec, `within ${startTimeoutMs} ms. Raise "start_timeout_ms"`));
    }
    if (idleTimeoutMs !== undefined) {
      const onTooLong = () => this.#giveUp(spec, `and gave no sign of life for ${idleTimeoutMs} ms. Raise "idle_timeout_ms"`);
      this.#silence = new SilenceWatch({ limitMs: idleTimeoutMs, onTooLong });
      this.#silence.listen(() => log.lastAt);
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    this.#limit?.[Symbol.dispose]();
    this.#silence?.pause();
    this.#watch.signal?.removeEventListener("abort", this.#onCallerAbort);
  }

  #giveUp({ name }: PluginSpec, limit: string): void {
    const what = this.phase === "load" ? "its plugin was not loaded" : "the worker did not say hello";
    const message = `Cannot start "${name}": ${what} ${limit} in the manifest if it needs longer`;
    this.#controller.abort(new WorkerStartError(message, { plugin: name, phase: this.phase }));
  }
}
