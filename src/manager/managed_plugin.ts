/**
 * A manager's plugin as its callers see it.
 *
 * @module
 */
import { CallTimeoutError, PluginStateError } from "../errors.ts";
import type { CallOptions, Kwargs, OperationOptions, PluginConfig, PluginInterface, Progress } from "../plugin/interface.ts";
import { checkLimits } from "../plugin/limits.ts";
import type { RemotePluginProxy } from "../plugin/proxy.ts";
import { TakenBody } from "../plugin/arguments.ts";
import { Limit } from "../protocol/limit.ts";
import { type Endpoint, type ExtensionEndpoint, EXTENSIONS } from "../protocol/endpoints.ts";
import type { SignaturesBody, StatsBody } from "../protocol/messages.ts";
import type { CountedCall } from "./call_counter.ts";
import type { Entry } from "./entry.ts";
import type { Lease } from "./pool.ts";

/** Passes each call on to one of the plugin's workers, which are started when there are none. */
export class ManagedPlugin implements PluginInterface {
  readonly #entry: Entry;
  #isClosed = false;

  /** Starts nothing yet. */
  constructor(entry: Entry) {
    this.#entry = entry;
  }

  /** The name in the manifest. */
  get name(): string {
    return this.#entry.spec.name;
  }

  /** The version in the manifest. */
  get version(): string {
    return this.#entry.spec.version;
  }

  async initialize(config: PluginConfig = {}, options?: OperationOptions): Promise<void> {
    this.#refuseWhenClosed("initialize");
    await this.#entry.configure(config, "initialize", options);
  }

  async reconfigure(config: PluginConfig, options?: OperationOptions): Promise<void> {
    this.#refuseWhenClosed("reconfigure");
    await this.#entry.configure(config, "reconfigure", options);
  }

  async execute<Result = unknown>(kwargs: Kwargs = {}, { args = [], ...options }: CallOptions = {}): Promise<Result> {
    const operation = { endpoint: "execute", member: "execute", body: { args, kwargs } } as const;
    return await this.#call(operation, options, (plugin, body, left) => plugin.execute<Result>(...callOf(body!, left)));
  }

  executeStream<Chunk = unknown>(kwargs: Kwargs = {}, { args = [], ...options }: CallOptions = {}): AsyncGenerator<Chunk, void, void> {
    const operation = { endpoint: "execute_stream", member: "executeStream", body: { args, kwargs } } as const;
    return this.#stream<Chunk>(TakenBody.outcome(operation, this.name), options);
  }

  async getConfigSchema(options?: OperationOptions): Promise<Record<string, unknown>> {
    return await this.#ask("getConfigSchema", options, (plugin) => plugin.getConfigSchema(options));
  }

  async getCurrentConfig(options?: OperationOptions): Promise<Record<string, unknown>> {
    return await this.#ask("getCurrentConfig", options, (plugin) => plugin.getCurrentConfig(options));
  }

  async getSignatures(options?: OperationOptions): Promise<SignaturesBody> {
    return await this.#ask("getSignatures", options, (plugin) => plugin.getSignatures(options));
  }

  async getProgress(options?: OperationOptions): Promise<Progress> {
    return await this.#ask("getProgress", options, (plugin) => plugin.getProgress(options));
  }

  /** Asks one worker: for a call one that has a place, else the one that got the last call. */
  async extension<Result = unknown>(
    endpoint: ExtensionEndpoint,
    body?: Readonly<Record<string, unknown>>,
    options: OperationOptions = {},
  ): Promise<Result> {
    const member = `extension("${endpoint}")`;
    if (!EXTENSIONS[endpoint].isCall) {
      return await this.#ask(member, options, (plugin) => plugin.extension<Result>(endpoint, body, options));
    }
    return await this.#call({ endpoint, member, body }, options, (plugin, own, left) => plugin.extension<Result>(endpoint, own, left));
  }

  /** Lets all workers prefetch. */
  async prefetch(options?: OperationOptions): Promise<boolean> {
    const outcomes = await this.#askAll("prefetch", options, (plugin) => plugin.prefetch(options));
    return outcomes.includes(true);
  }

  /** The sums over all workers, with the process of the one that got the last call, and the uptime of the oldest. */
  async getStats(options?: OperationOptions): Promise<StatsBody> {
    const all = await this.#askAll("getStats", options, (plugin) => plugin.getStats(options));
    const sum = (figure: (stats: StatsBody) => number): number => all.reduce((total, stats) => total + figure(stats), 0);
    return {
      ...all[0]!,
      cpu_percent: sum((stats) => stats.cpu_percent),
      memory_rss_mb: sum((stats) => stats.memory_rss_mb),
      ...all.some((stats) => stats.gpu_memory_mb !== undefined) && { gpu_memory_mb: sum((stats) => stats.gpu_memory_mb ?? 0) },
      uptime_s: Math.max(...all.map((stats) => stats.uptime_s)),
      calls: {
        running: sum(({ calls }) => calls.running),
        queued: sum(({ calls }) => calls.queued) + (this.#entry.pool?.waiting ?? 0),
        finished: sum(({ calls }) => calls.finished),
      },
    };
  }

  /** Whether a worker answers. False, and nothing is started, while there is none. */
  async isAlive(): Promise<boolean> {
    const replicas = this.#isClosed ? [] : [...this.#entry.pool?.replicas ?? []];
    const answers = await Promise.all(replicas.map(({ plugin }) => plugin.isAlive()));
    return answers.includes(true);
  }

  /** Cancels every call of the plugin, those of others that use it too. */
  async cancel(options?: OperationOptions): Promise<boolean> {
    this.#refuseWhenClosed("cancel");
    const { pool } = this.#entry;
    const waiting = pool?.cancelWaiting() ?? false;
    const outcomes = await Promise.all([...pool?.replicas ?? []].map(({ plugin }) => plugin.cancel(options)));
    return waiting || outcomes.includes(true);
  }

  /** Lets go of this handle. The workers are the manager's, and calls that are open go on. */
  cleanup(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  /** The same as `cleanup()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.cleanup();
  }

  /** Runs a call on a worker that has a place. One that has to wait for it takes what it was made with along. */
  async #call<Result>(operation: ManagedOperation, options: CallOptions, run: Run<Result>): Promise<Result> {
    const { member } = operation;
    using call = this.#begin(member, options);
    try {
      const free = this.#tryPlace(options);
      using taken = free === undefined ? TakenBody.of(operation, this.name) : undefined;
      const [place, left] = free ?? await this.#waitForPlace(member, options);
      using lease = place;
      const body = taken === undefined ? operation.body : taken.values();
      const result = await run(lease.plugin, body, left);
      call.succeed();
      return result;
    } catch (error) {
      call.fail(error);
      throw error;
    }
  }

  async *#stream<Chunk>(take: () => TakenBody, options: CallOptions): AsyncGenerator<Chunk, void, void> {
    using call = this.#begin("executeStream", options);
    try {
      using taken = take();
      const [place, left] = this.#tryPlace(options) ?? await this.#waitForPlace("executeStream", options);
      using lease = place;
      yield* lease.plugin.executeStream<Chunk>(...callOf(taken.values()!, left));
      call.succeed();
    } catch (error) {
      call.fail(error);
      throw error;
    }
  }

  #begin(member: string, { signal }: OperationOptions): CountedCall {
    this.#refuseWhenClosed(member);
    return this.#entry.counter.begin(signal);
  }

  #tryPlace<Options>(options: Options): Place<Options> | undefined {
    const lease = this.#entry.tryLease();
    return lease === undefined ? undefined : [lease, options];
  }

  async #waitForPlace<Options extends OperationOptions>(member: string, options: Options): Promise<Place<Options>> {
    using wait = new Wait({ plugin: this.name, member }, options);
    const lease = await this.#entry.lease(wait.signal);
    return [lease, wait.leftMs === undefined ? options : { ...options, timeoutMs: wait.leftMs }];
  }

  async #ask<T>(member: string, options: OperationOptions | undefined, question: (plugin: RemotePluginProxy) => Promise<T>): Promise<T> {
    const [answer] = await this.#askAll(member, options, question, true);
    return answer!;
  }

  /** Asks what takes no place: the worker that got the last call first, and the others too when all are wanted. */
  async #askAll<T>(
    member: string,
    options: OperationOptions = {},
    question: (plugin: RemotePluginProxy) => Promise<T>,
    onlyLatest = false,
  ): Promise<T[]> {
    this.#refuseWhenClosed(member);
    using wait = new Wait({ plugin: this.name, member }, options);
    return await this.#entry.withPool(wait.signal, async (pool) => {
      const replicas = onlyLatest ? [pool.latest!] : [...pool.replicas];
      return await Promise.all(replicas.map(async (replica) => {
        using lease = pool.visit(replica);
        return await question(lease.plugin);
      }));
    });
  }

  #refuseWhenClosed(member: string): void {
    if (!this.#isClosed) return;
    const message = `Cannot run "${member}" of "${this.name}" after cleanup(). Get the plugin from its manager again`;
    throw new PluginStateError(message, { plugin: this.name });
  }
}

/** A call, before a worker is chosen for it. */
interface ManagedOperation {
  readonly endpoint: Endpoint | ExtensionEndpoint;
  readonly member: string;
  readonly body?: Body;
}

/** Makes the call on the worker that was chosen, with what is left of its time. */
type Run<Result> = (plugin: RemotePluginProxy, body: Body | undefined, left: CallOptions) => Promise<Result>;

type Body = Readonly<Record<string, unknown>>;

/** What `execute` and `executeStream` take. */
function callOf(body: Body, options: CallOptions): [Kwargs, CallOptions] {
  const { kwargs, args } = body as { kwargs: Kwargs; args: readonly unknown[] };
  return [kwargs, { ...options, args }];
}

/** A call's place, and its options for what is left of it then. */
type Place<Options> = readonly [lease: Lease, left: Options];

/** What can end the wait for a worker: the caller's signal and the call's deadline. */
class Wait implements Disposable {
  readonly #controller = new AbortController();
  readonly #limit: Limit | undefined;
  readonly #callerSignal: AbortSignal | undefined;
  readonly #onCallerAbort: () => void;

  constructor({ plugin, member }: { plugin: string; member: string }, { signal, ...limits }: OperationOptions) {
    checkLimits({ plugin, member }, limits);
    const { timeoutMs } = limits;
    this.#callerSignal = signal;
    this.#onCallerAbort = () => this.#controller.abort(signal?.reason);
    signal?.addEventListener("abort", this.#onCallerAbort, { once: true });
    if (signal?.aborted) this.#onCallerAbort();
    if (timeoutMs === undefined) return;
    const late = () => {
      const message = `"${member}" of "${plugin}" waited for a worker longer than its limit of ${timeoutMs} ms`;
      this.#controller.abort(new CallTimeoutError(message, { plugin, timeoutMs }));
    };
    this.#limit = new Limit(timeoutMs, late);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What is left of the call's time; `undefined` where it has no limit. */
  get leftMs(): number | undefined {
    return this.#limit && Math.max(1, this.#limit.leftMs);
  }

  [Symbol.dispose](): void {
    this.#limit?.[Symbol.dispose]();
    this.#callerSignal?.removeEventListener("abort", this.#onCallerAbort);
  }
}
