/**
 * A manager's plugin as its callers see it.
 *
 * @module
 */
import { PluginStateError } from "../errors.ts";
import type { CallOptions, Kwargs, OperationOptions, PluginConfig } from "../plugin/interface.ts";
import {
  type Answer,
  extensionOf,
  type MemberOperation,
  methodOf,
  operationOf,
  type PluginInterface,
  type Question,
  Questions,
} from "../plugin/members.ts";
import type { RemotePlugin } from "../plugin/remote_plugin.ts";
import { UnbegunError } from "../plugin/unbegun.ts";
import { TakenBody } from "../plugin/arguments.ts";
import { type ExtensionEndpoint, EXTENSIONS, isStreamEndpoint } from "../protocol/endpoints.ts";
import type { StatsBody } from "../protocol/messages.ts";
import type { CountedCall } from "./call_counter.ts";
import type { KeepOptions } from "./configuration.ts";
import type { Entry } from "./entry.ts";
import type { Lease, Pool } from "./pool.ts";
import type { Replica } from "./replica.ts";
import { Wait } from "./wait.ts";

/** No member, for only tests reach below a handle. */
let below: (plugin: ManagedPlugin) => Pool | undefined;

/** Passes each call on to one of the plugin's workers, which are started when there are none. */
export class ManagedPlugin extends Questions implements PluginInterface {
  static {
    below = (plugin) => plugin.#entry.pool;
  }

  readonly #entry: Entry;
  #isClosed = false;

  readonly #keep: KeepOptions;

  /** Starts nothing yet. */
  constructor(entry: Entry, keep: KeepOptions = { onDisk: true }) {
    super();
    this.#entry = entry;
    this.#keep = keep;
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
    await this.#entry.configure(config, "initialize", { ...options, ...this.#keep });
  }

  async reconfigure(config: PluginConfig, options?: OperationOptions): Promise<void> {
    this.#refuseWhenClosed("reconfigure");
    await this.#entry.configure(config, "reconfigure", { ...options, ...this.#keep });
  }

  async execute<Result = unknown>(kwargs: Kwargs = {}, { args = [], ...options }: CallOptions = {}): Promise<Result> {
    return await this.#call(operationOf("execute", { args, kwargs }), options) as Result;
  }

  executeStream<Chunk = unknown>(kwargs: Kwargs = {}, { args = [], ...options }: CallOptions = {}): AsyncGenerator<Chunk, void, void> {
    return this.#frames(operationOf("executeStream", { args, kwargs }), options) as AsyncGenerator<Chunk, void, void>;
  }

  async call<Result = unknown>(method: string, kwargs: Kwargs = {}, { args = [], ...options }: CallOptions = {}): Promise<Result> {
    return await this.#call(methodOf("call", method, { args, kwargs }), options) as Result;
  }

  stream<Chunk = unknown>(
    method: string,
    kwargs: Kwargs = {},
    { args = [], ...options }: CallOptions = {},
  ): AsyncGenerator<Chunk, void, void> {
    return this.#frames(methodOf("stream", method, { args, kwargs }), options) as AsyncGenerator<Chunk, void, void>;
  }

  /** Asks one worker: for a call one that has a turn, else the one that got the last call. */
  async extension<Result = unknown>(
    endpoint: ExtensionEndpoint,
    body?: Readonly<Record<string, unknown>>,
    options: OperationOptions = {},
  ): Promise<Result> {
    const operation = extensionOf(endpoint, body);
    if (EXTENSIONS[endpoint].isCall) return await this.#call(operation, options) as Result;
    return await this.#askOne(operation.member, options, (plugin) => plugin.run(operation, options)) as Result;
  }

  /** Lets all workers prefetch. */
  async prefetch(options: OperationOptions = {}): Promise<boolean> {
    const outcomes = await this.#askAll("prefetch", options, (plugin) => plugin.run(operationOf("prefetch"), options));
    return outcomes.includes(true);
  }

  /** The sums over all workers, with the process of the one that got the last call, and the uptime of the oldest. */
  override async getStats(options: OperationOptions = {}): Promise<StatsBody> {
    const all = await this.#askAll("getStats", options, (plugin) => plugin.ask("getStats", options));
    return sumOf(all, this.#entry.pool?.waiting ?? 0);
  }

  /** Whether a worker answers. False, and nothing is started, while there is none. */
  async isAlive(): Promise<boolean> {
    const replicas = this.#isClosed ? [] : [...this.#entry.pool?.replicas ?? []];
    const answers = await Promise.all(replicas.map(({ plugin }) => plugin.isAlive()));
    return answers.includes(true);
  }

  /** Cancels every call of the plugin, those of others that use it too. */
  async cancel(options: OperationOptions = {}): Promise<boolean> {
    this.#refuseWhenClosed("cancel");
    const { pool } = this.#entry;
    const waiting = pool?.cancelWaiting() ?? false;
    const outcomes = await Promise.all([...pool?.replicas ?? []].map(({ plugin }) => plugin.cancelAll(options)));
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

  /** Asks one worker: the one that got the last call. */
  protected override ask<Name extends Question>(member: Name, options: OperationOptions = {}): Promise<Answer<Name>> {
    return this.#askOne(member, options, (plugin) => plugin.ask(member, options));
  }

  async #call(operation: MemberOperation, options: CallOptions): Promise<unknown> {
    const { value } = await this.#frames(operation, options).next();
    return value;
  }

  /** What it is called with is taken at once, whether or not a worker has a turn for it. */
  #frames(operation: MemberOperation, options: CallOptions): AsyncGenerator<unknown, unknown, void> {
    return this.#run(operation, TakenBody.outcome(operation, this.name), options);
  }

  /** Runs a call on a worker that has a turn: yields what a stream yields, and returns the result. */
  async *#run(operation: MemberOperation, take: () => TakenBody, options: CallOptions): AsyncGenerator<unknown, unknown, void> {
    const { endpoint, member } = operation;
    using call = this.#begin(member, options);
    try {
      using body = take();
      const taken = { endpoint, member, body };
      for (let left = options;;) {
        const [turn, forWorker] = this.#tryTurn(left) ?? await this.#waitForTurn(member, left);
        using lease = turn;
        left = forWorker;
        const movable = { ...forWorker, isMovable: true };
        try {
          const result = isStreamEndpoint(endpoint) ? yield* lease.plugin.stream(taken, movable) : await lease.plugin.run(taken, movable);
          call.succeed();
          return result;
        } catch (error) {
          if (!(error instanceof UnbegunError)) throw error;
          lease.lost();
        }
      }
    } catch (error) {
      call.fail(error);
      throw error;
    }
  }

  #begin(member: string, { signal }: OperationOptions): CountedCall {
    this.#refuseWhenClosed(member);
    return this.#entry.counter.begin(signal);
  }

  #tryTurn<Options>(options: Options): Turn<Options> | undefined {
    const lease = this.#entry.tryLease();
    return lease === undefined ? undefined : [lease, options];
  }

  async #waitForTurn<Options extends OperationOptions>(member: string, options: Options): Promise<Turn<Options>> {
    using wait = new Wait({ plugin: this.name, member }, options);
    const lease = await this.#entry.lease(wait.signal);
    return [lease, wait.leftMs === undefined ? options : { ...options, timeoutMs: wait.leftMs }];
  }

  async #askOne<T>(member: string, options: OperationOptions, question: (plugin: RemotePlugin) => Promise<T>): Promise<T> {
    return await this.#withPool(member, options, (pool) => asked(pool, pool.latest!, question));
  }

  async #askAll<T>(member: string, options: OperationOptions, question: (plugin: RemotePlugin) => Promise<T>): Promise<T[]> {
    return await this.#withPool(member, options, (pool) => Promise.all([...pool.replicas].map((one) => asked(pool, one, question))));
  }

  async #withPool<T>(member: string, options: OperationOptions, use: (pool: Pool) => Promise<T>): Promise<T> {
    this.#refuseWhenClosed(member);
    using wait = new Wait({ plugin: this.name, member }, options);
    return await this.#entry.withPool(wait.signal, use);
  }

  #refuseWhenClosed(member: string): void {
    if (!this.#isClosed) return;
    const message = `Cannot run "${member}" of "${this.name}" after cleanup(). Get the plugin from its manager again`;
    throw new PluginStateError(message, { plugin: this.name });
  }
}

/** The workers that a handle's calls go to, while there are some. */
export function poolOf(plugin: ManagedPlugin): Pool | undefined {
  return below(plugin);
}

/** A call's turn, and its options for what is left of it then. */
type Turn<Options> = readonly [lease: Lease, left: Options];

/** Asks a worker what takes no turn. */
async function asked<T>(pool: Pool, replica: Replica, question: (plugin: RemotePlugin) => Promise<T>): Promise<T> {
  using lease = pool.visit(replica);
  return await question(lease.plugin);
}

function sumOf(all: readonly StatsBody[], waiting: number): StatsBody {
  const sum = (figure: (stats: StatsBody) => number): number => all.reduce((total, stats) => total + figure(stats), 0);
  return {
    ...all[0]!,
    cpu_percent: sum((stats) => stats.cpu_percent),
    memory_rss_mb: sum((stats) => stats.memory_rss_mb),
    ...all.some((stats) => stats.gpu_memory_mb !== undefined) && { gpu_memory_mb: sum((stats) => stats.gpu_memory_mb ?? 0) },
    uptime_s: Math.max(...all.map((stats) => stats.uptime_s)),
    calls: {
      running: sum(({ calls }) => calls.running),
      queued: sum(({ calls }) => calls.queued) + waiting,
      finished: sum(({ calls }) => calls.finished),
    },
  };
}
