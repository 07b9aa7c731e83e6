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
  RemotePluginProxy,
  RemotePluginProxySync,
  SyncOperationOptions,
  WorkerExit,
} from "@remote-plugin/proxy";
import { type Answer, type Question, Questions } from "../../src/plugin/members.ts";

/** What the tests use of either proxy. */
export type EitherProxy = PluginInterface & Pick<RemotePluginProxy, "pid" | "endpoint" | "exited">;

/** Calls the blocking proxy when it is asked to; a test that needs something to happen meanwhile cannot use it. */
export class AwaitedProxy extends Questions implements EitherProxy {
  readonly #plugin: RemotePluginProxySync;

  constructor(plugin: RemotePluginProxySync) {
    super();
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

  protected override async ask<Name extends Question>(member: Name, options?: OperationOptions): Promise<Answer<Name>> {
    return await this.#plugin[member](withoutSignal(options)) as Answer<Name>;
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

  async call<Result = unknown>(method: string, kwargs?: Kwargs, options?: CallOptions): Promise<Result> {
    return await this.#plugin.call<Result>(method, kwargs, withoutSignal(options));
  }

  async *stream<Chunk = unknown>(method: string, kwargs?: Kwargs, options?: CallOptions): AsyncGenerator<Chunk, void, void> {
    yield* this.#plugin.stream<Chunk>(method, kwargs, withoutSignal(options));
  }

  async isAlive(): Promise<boolean> {
    return await this.#plugin.isAlive();
  }

  async cancel(options?: OperationOptions): Promise<boolean> {
    return await this.#plugin.cancel(withoutSignal(options));
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
