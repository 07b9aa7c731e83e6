/**
 * What runs in the thread of a blocking proxy: the asynchronous proxy, called by messages.
 *
 * @module
 */
import { decodeValue } from "../protocol/values.ts";
import type { Manifest, PluginSpec } from "../manifest/manifest.ts";
import type { ExtensionEndpoint, PermissionSet } from "../protocol/messages.ts";
import type { ValueTypes } from "../protocol/frames.ts";
import type { WorkerExit } from "../process/worker_process.ts";
import type { LogRecord } from "../process/output_log.ts";
import type { HttpEndpoint } from "../transport/http.ts";
import type { BridgeEnd } from "../transport/bridge_messages.ts";
import { type BridgeControl, BridgeServer } from "../transport/bridge_server.ts";
import type { CallOptions, Kwargs, OperationOptions, PluginConfig } from "./interface.ts";
import { RemotePluginProxy, type StartOptions } from "./proxy.ts";
import { type Batch, RunAhead } from "./_run_ahead.ts";

/** This module's own place. To import it from here is what brings the module into the program's graph, so that no thread has to fetch it. */
export const BLOCKING_WORKER: string = import.meta.url;

/** What a blocking proxy asks of its thread. Values are JSON, as on the wire: whatever can be sent there can be sent here. */
export type BlockingRequest =
  | { readonly kind: "start"; readonly manifest: string | Manifest | PluginSpec; readonly options: StartOptions }
  | { readonly kind: "attach"; readonly endpoint: HttpEndpoint }
  | { readonly kind: "call"; readonly member: BlockingMember; readonly call: CallFacts }
  | { readonly kind: "pull"; readonly stream: number; readonly open: CallFacts | undefined }
  | { readonly kind: "close"; readonly stream: number }
  | { readonly kind: "logs" }
  | { readonly kind: "look" };

/** One call, as it passes between the threads. */
export interface CallFacts {
  /** The body that the wire would carry, as JSON. */
  readonly body?: string;
  /** The options of the call that are data. */
  readonly options: CallOptions;
  /** Whether somebody listens to progress. */
  readonly reports: boolean;
}

/** What a started proxy is. */
export interface PluginFacts {
  readonly name: string;
  readonly version: string;
  readonly pid: number | undefined;
  readonly permissions: PermissionSet | undefined;
  readonly endpoint: HttpEndpoint | undefined;
  readonly warnings: readonly string[];
  readonly maxConcurrency: number;
  /** How the last worker ended, once none follows. */
  readonly exit: WorkerExit | undefined;
}

type Body = Readonly<Record<string, unknown>>;
type Member = (plugin: RemotePluginProxy, body: Body, options: OperationOptions) => Promise<unknown>;

const MEMBERS = {
  initialize: (plugin, body, options) => plugin.initialize(body, options),
  execute: (plugin, body, options) => plugin.execute(...callArguments(body, options)),
  getConfigSchema: (plugin, _, options) => plugin.getConfigSchema(options),
  getCurrentConfig: (plugin, _, options) => plugin.getCurrentConfig(options),
  getStats: (plugin, _, options) => plugin.getStats(options),
  getProgress: (plugin, _, options) => plugin.getProgress(options),
  extension: (plugin, { types, ...wrapped }, options) => {
    const { endpoint, body } = decodeValue(wrapped, types as ValueTypes | undefined) as { endpoint: ExtensionEndpoint; body?: Body };
    return plugin.extension(endpoint, body, options);
  },
  isAlive: (plugin) => plugin.isAlive(),
  cancel: (plugin, _, options) => plugin.cancel(options),
  prefetch: (plugin, _, options) => plugin.prefetch(options),
  reconfigure: (plugin, body, options) => plugin.reconfigure(body.new_config as PluginConfig, options),
  cleanup: (plugin) => plugin.cleanup(),
} as const satisfies Record<string, Member>;

/** The members that are one call with one answer. */
export type BlockingMember = keyof typeof MEMBERS;

/** How many records of the log wait for somebody to look at them; older ones are dropped then. */
const MAX_RECORDS = 10_000;

/** Serves one blocking proxy until its thread is ended. */
export function serve(end: BridgeEnd): void {
  const worker = new BlockingWorker();
  new BridgeServer<BlockingRequest>(end, (request, control) => worker.answer(request, control));
}

class BlockingWorker {
  readonly #streams = new Map<number, RunAhead>();
  #plugin: RemotePluginProxy | undefined;
  #records: LogRecord[] = [];
  #exit: WorkerExit | undefined;

  async answer(request: BlockingRequest, control: BridgeControl): Promise<unknown> {
    switch (request.kind) {
      case "start":
        return this.#adopt(await RemotePluginProxy.start(request.manifest, request.options));
      case "attach":
        return this.#adopt(await RemotePluginProxy.attach(request.endpoint));
      case "call":
        return await MEMBERS[request.member](this.#proxy, bodyOf(request.call), optionsOf(request.call, control));
      case "pull":
        return await this.#pull(request, control);
      case "close":
        return await this.#close(request.stream);
      case "logs":
        return this.#records.splice(0);
      case "look":
        return this.#facts(this.#proxy);
    }
  }

  get #proxy(): RemotePluginProxy {
    return this.#plugin!;
  }

  #adopt(plugin: RemotePluginProxy): PluginFacts {
    this.#plugin = plugin;
    void this.#collect(plugin.logs);
    void plugin.exited.then((exit) => this.#exit = exit);
    return this.#facts(plugin);
  }

  #facts(plugin: RemotePluginProxy): PluginFacts {
    const { name, version, pid, permissions, endpoint, warnings, maxConcurrency } = plugin;
    return { name, version, pid, permissions, endpoint, warnings, maxConcurrency, exit: this.#exit };
  }

  async #collect(logs: AsyncIterable<LogRecord>): Promise<void> {
    for await (const record of logs) {
      this.#records.push(record);
      if (this.#records.length > MAX_RECORDS) this.#records.shift();
    }
  }

  async #pull({ stream, open }: { stream: number; open: CallFacts | undefined }, control: BridgeControl): Promise<Batch> {
    if (open !== undefined) this.#streams.set(stream, this.#open(open));
    const ahead = this.#streams.get(stream)!;
    try {
      return await ahead.pull(control);
    } finally {
      if (ahead.ended) this.#streams.delete(stream);
    }
  }

  #open(call: CallFacts): RunAhead {
    const body = bodyOf(call);
    return new RunAhead((control) => this.#proxy.executeStream(...callArguments(body, optionsOf(call, control))), call);
  }

  async #close(stream: number): Promise<void> {
    await this.#streams.get(stream)?.close();
    this.#streams.delete(stream);
  }
}

function bodyOf({ body }: CallFacts): Body {
  return body === undefined ? {} : JSON.parse(body);
}

function optionsOf({ options, reports }: CallFacts, { signal, onProgress }: BridgeControl): CallOptions {
  return { ...options, signal, onProgress: reports ? onProgress : undefined };
}

/** Only the bodies of calls name the types that JSON lacks. */
function callArguments({ types, ...body }: Body, options: OperationOptions): [Kwargs, CallOptions] {
  const { kwargs, args } = decodeValue(body, types as ValueTypes | undefined) as { kwargs: Kwargs; args: readonly unknown[] };
  return [kwargs, { ...options, args }];
}
