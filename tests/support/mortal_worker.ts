/**
 * Workers in memory that can die, and are followed by others: what is above the process and the wire, without either.
 *
 * @module
 */
import { restartPolicy } from "../../src/manifest/load.ts";
import type { RestartSettings } from "../../src/manifest/manifest.ts";
import { DEFAULT_QUOTA, WorkerFiles } from "../../src/payload/worker_files.ts";
import { Dispatch } from "../../src/plugin/dispatch.ts";
import { LoadedWorker } from "../../src/plugin/loaded_worker.ts";
import { OutputLog } from "../../src/process/output_log.ts";
import type { WorkerExit } from "../../src/process/running_child.ts";
import type { Exchange } from "../../src/protocol/exchange.ts";
import { untilAborted } from "../../src/protocol/until_aborted.ts";
import { BrokenReplyError } from "../../src/transport/errors.ts";
import { sendBy } from "../../src/transport/frame_source.ts";
import { inMemoryWorker } from "../../src/testing/mod.ts";
import type { Plugin } from "../../src/worker/define_plugin.ts";

/** A plugin and its workers, one after the other. */
export class MortalPlugin {
  /** What sends its operations. */
  readonly dispatch: Dispatch;
  readonly #plugin: Plugin;
  readonly #log = new OutputLog();
  #kill: () => void = () => {};
  #started = 0;

  /** Starts the first worker. */
  constructor(plugin: Plugin, restart: RestartSettings) {
    this.#plugin = plugin;
    this.dispatch = new Dispatch(this.#start(), {
      log: this.#log,
      restart: restartPolicy(restart),
      startNext: () => Promise.resolve(this.#start()),
      cancelBudgetMs: 10,
    });
  }

  /** How many workers there have been. */
  get started(): number {
    return this.#started;
  }

  /** Kills the worker that runs. */
  kill(): void {
    this.#kill();
  }

  /** Ends it all. */
  async cleanup(): Promise<void> {
    await this.dispatch.close();
    await this.dispatch.cleanUpPlugin(10);
    await this.dispatch.workers[Symbol.asyncDispose]();
  }

  #start(): LoadedWorker {
    this.#started++;
    const log = new OutputLog(this.#log);
    const death = new AbortController();
    const exited = Promise.withResolvers<WorkerExit>();
    const kill = () => {
      death.abort();
      exited.resolve({ code: null, signal: "SIGKILL", outOfMemory: false });
    };
    this.#kill = kill;
    return new LoadedWorker({
      send: sendBy(mortal(inMemoryWorker(this.#plugin, { maxConcurrency: 2 }).exchange, death.signal)),
      plugin: { name: "mortal", version: "1", methods: [] },
      maxConcurrency: 2,
      files: new WorkerFiles({ plugin: "mortal", folders: undefined, quota: DEFAULT_QUOTA }),
      exited: exited.promise,
      process: {
        hello: { protocol: 1, address: { unix: "" }, pid: this.#started, worker: "memory", features: [] },
        permissions: undefined,
        endpoint: undefined,
        placement: undefined,
        log,
        exited: exited.promise,
        endedWithin: () => exited.promise,
        onEnd: () => {},
        ref: () => {},
        unref: () => {},
      },
      dispose: async () => {
        kill();
        await exited.promise;
      },
    });
  }
}

/** An exchange whose connections break when the worker dies. */
function mortal(exchange: Exchange, death: AbortSignal): Exchange {
  return async function* (request, signal) {
    const frames = exchange(request, AbortSignal.any([signal, death]))[Symbol.asyncIterator]();
    while (true) {
      const { value, done } = await untilAborted(frames.next(), AbortSignal.any([signal, death])).catch((error) => {
        throw death.aborted ? new BrokenReplyError("The connection broke") : error;
      });
      if (done) return;
      yield value;
    }
  };
}
