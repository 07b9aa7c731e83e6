/**
 * The blocking proxy in the shape of the asynchronous one, so that the same tests run on both.
 *
 * @module
 */
import type {
  CallOptions,
  Kwargs,
  OperationOptions,
  PluginConfig,
  PluginInterface,
  Progress,
  RemotePluginProxy,
  RemotePluginProxySync,
  SyncOperationOptions,
  WorkerExit,
} from "@remote-plugin/proxy";

/** What the tests use of either proxy. */
export type EitherProxy = PluginInterface & Pick<RemotePluginProxy, "pid" | "endpoint" | "exited">;

/** Calls the blocking proxy when it is asked to; a test that needs something to happen meanwhile cannot use it. */
export class AwaitedProxy implements EitherProxy {
  readonly #plugin: RemotePluginProxySync;

  constructor(plugin: RemotePluginProxySync) {
    this.#plugin = plugin;
  }

  get name(): string {
    return this.#plugin.name;
  }

  get version(): string {
    return this.#plugin.version;
  }

  get pid(): number | undefined {
    return this.#plugin.pid;
  }

  get endpoint(): EitherProxy["endpoint"] {
    return this.#plugin.endpoint;
  }

  get exited(): Promise<WorkerExit> {
    const { exited } = this.#plugin;
    return exited === undefined ? Promise.reject(new Error("The worker runs still")) : Promise.resolve(exited);
  }

  async initialize(config?: PluginConfig, options?: OperationOptions): Promise<void> {
    await this.#plugin.initialize(config, withoutSignal(options));
  }

  async execute<Result = unknown>(kwargs?: Kwargs, options?: CallOptions): Promise<Result> {
    return await this.#plugin.execute<Result>(kwargs, withoutSignal(options));
  }

  async *executeStream<Chunk = unknown>(kwargs?: Kwargs, options?: CallOptions): AsyncGenerator<Chunk, void, void> {
    yield* this.#plugin.executeStream<Chunk>(kwargs, withoutSignal(options));
  }

  async getConfigSchema(options?: OperationOptions): Promise<Record<string, unknown>> {
    return await this.#plugin.getConfigSchema(withoutSignal(options));
  }

  async getCurrentConfig(options?: OperationOptions): Promise<Record<string, unknown>> {
    return await this.#plugin.getCurrentConfig(withoutSignal(options));
  }

  async getSignatures(options?: OperationOptions): ReturnType<PluginInterface["getSignatures"]> {
    return await this.#plugin.getSignatures(withoutSignal(options));
  }

  async getStats(options?: OperationOptions): ReturnType<PluginInterface["getStats"]> {
    return await this.#plugin.getStats(withoutSignal(options));
  }

  async isAlive(): Promise<boolean> {
    return await this.#plugin.isAlive();
  }

  async cancel(options?: OperationOptions): Promise<boolean> {
    return await this.#plugin.cancel(withoutSignal(options));
  }

  async getProgress(options?: OperationOptions): Promise<Progress> {
    return await this.#plugin.getProgress(withoutSignal(options));
  }

  async prefetch(options?: OperationOptions): Promise<boolean> {
    return await this.#plugin.prefetch(withoutSignal(options));
  }

  async reconfigure(config: PluginConfig, options?: OperationOptions): Promise<void> {
    await this.#plugin.reconfigure(config, withoutSignal(options));
  }

  async extension<Result = unknown>(...[endpoint, body, options]: Parameters<PluginInterface["extension"]>): Promise<Result> {
    return await this.#plugin.extension<Result>(endpoint, body, withoutSignal(options));
  }

  async cleanup(): Promise<void> {
    await this.#plugin.cleanup();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#plugin[Symbol.dispose]();
  }
}

function withoutSignal<Options extends OperationOptions>(options: Options | undefined): SyncOperationOptions | undefined {
  if (options?.signal !== undefined) throw new Error("A blocking call takes no signal: keep this test to the asynchronous proxy");
  return options;
}
