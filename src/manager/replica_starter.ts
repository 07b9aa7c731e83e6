/**
 * Starts the workers of one plugin: memory, process, configuration.
 *
 * @module
 */
import { join } from "@std/path";
import type { EnvironmentStep } from "../environments/environment.ts";
import { DEFAULT_START_TIMEOUT_MS } from "../manifest/load.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import type { RestartEvent } from "../plugin/interface.ts";
import { operationOf } from "../plugin/members.ts";
import { RemotePlugin } from "../plugin/remote_plugin.ts";
import type { Launcher } from "../process/launcher.ts";
import type { PermissionUse } from "../process/permission_audit.ts";
import type { WorkerExit } from "../process/running_child.ts";
import type { Admission, MemoryNeed } from "./admission.ts";
import type { Configuration } from "./configuration.ts";
import type { PluginEvent } from "./events.ts";
import type { ManagerOptions } from "./options.ts";
import { QueuedStart, type QueuedStarts } from "./queued_starts.ts";
import type { Pool } from "./pool.ts";
import { Replica } from "./replica.ts";

/** What all plugins of a manager share. */
export interface Shared {
  readonly options: ManagerOptions;
  readonly admission: Admission;
  /** The first workers of a plugin are there. */
  readonly onStarted?: (started: StartedPool) => void;
}

/** A pool with its first workers. */
export interface StartedPool {
  readonly pool: Pool;
  /** When the start began, as files have their times. */
  readonly startedAt: number;
}

/** What a starter needs of its plugin. */
export interface StarterPlugin {
  /** What starts its workers; `undefined` for processes of this machine. */
  readonly launcher: Launcher | undefined;
  readonly configuration: Configuration;
  /** Aborted when nothing may be started any more. */
  readonly signal: AbortSignal;
  /** Is told of each start that waits for others. */
  readonly queued: QueuedStarts;
  readonly emit: (event: PluginEvent) => void;
  readonly onExit: (replica: Replica, exit: WorkerExit) => void;
}

/** A worker elsewhere takes nothing of this machine. */
const NOTHING: MemoryNeed = { systemMb: 0, gpuMb: 0 };

/** Starts workers of a plugin as its manifest was at one moment. */
export class ReplicaStarter {
  readonly #spec: PluginSpec;
  readonly #shared: Shared;
  readonly #plugin: StarterPlugin;

  /** Starts nothing yet. */
  constructor(spec: PluginSpec, shared: Shared, plugin: StarterPlugin) {
    this.#spec = spec;
    this.#shared = shared;
    this.#plugin = plugin;
  }

  /** Starts so many workers at once, when there is memory for all of them. When one cannot be started, none is. */
  async start(count: number, signal: AbortSignal): Promise<Replica[]> {
    const failing = new AbortController();
    const wanted = AbortSignal.any([signal, this.#plugin.signal, failing.signal]);
    const memory = await this.#reserve(count, wanted);
    const giveUpOthers = (error: unknown) => (failing.abort(error), Promise.reject(error));
    const outcomes = await Promise.allSettled(memory.map((one) => this.#startOne(one, wanted).catch(giveUpOthers)));
    const replicas = outcomes.filter((outcome) => outcome.status === "fulfilled").map(({ value }) => value);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed === undefined) return replicas;
    await Promise.all(replicas.map((replica) => replica.release()));
    throw failed.reason;
  }

  /** Starts one worker if there is memory for it now. */
  async startIfRoom(signal: AbortSignal): Promise<Replica | undefined> {
    const memory = this.#shared.admission.tryReserve(this.#spec.name, this.#need);
    return memory === undefined ? undefined : await this.#startOne(memory, AbortSignal.any([signal, this.#plugin.signal]));
  }

  /** Whether so many more fit beside all that is loaded. */
  hasRoom(count: number): boolean {
    return this.#shared.admission.hasRoom(this.#need, count);
  }

  /** How long a start may take, in milliseconds. */
  get #startMs(): number {
    return this.#spec.startTimeoutMs ?? DEFAULT_START_TIMEOUT_MS;
  }

  /** What one worker takes of the manager's memory. */
  get #need(): MemoryNeed {
    return this.#plugin.launcher?.isLocal === false ? NOTHING : this.#spec.memory;
  }

  async #reserve(count: number, signal: AbortSignal): Promise<Disposable[]> {
    const { name: plugin } = this.#spec;
    const need = this.#need;
    const { emit } = this.#plugin;
    try {
      return await this.#shared.admission.reserve({ plugin, need, count, signal, onWait: () => emit({ type: "waiting", ...need }) });
    } catch (error) {
      if (!signal.aborted) emit({ type: "failed", error });
      throw error;
    }
  }

  async #startOne(memory: Disposable, signal: AbortSignal): Promise<Replica> {
    const began = performance.now();
    const { emit } = this.#plugin;
    emit({ type: "starting" });
    try {
      const replica = await this.#startReplica(memory, signal);
      emit({ type: "ready", ...replica.name, tookMs: performance.now() - began });
      return replica;
    } catch (error) {
      memory[Symbol.dispose]();
      // One that was given up has not failed.
      if (!signal.aborted || error !== signal.reason) emit({ type: "failed", error });
      throw error;
    }
  }

  async #startReplica(memory: Disposable, signal: AbortSignal): Promise<Replica> {
    const { scratchDir, permissions, bounds, offline, auditPermissions: tell } = this.#shared.options;
    const { launcher } = this.#plugin;
    const started = Promise.withResolvers<Replica>();
    using queue = new QueuedStart(this.#plugin, started.promise, this.#startMs);
    const onExit = (exit: WorkerExit) => (queue.end(), void started.promise.then((replica) => this.#exited(replica, exit)));
    const onRestart = (event: RestartEvent) => (queue.end(), void started.promise.then((replica) => this.#restarting(replica, event)));
    const onEnvironment = (step: EnvironmentStep) => this.#shared.options.onEnvironment?.(step, this.#spec.name);
    const auditPermissions = tell && ((use: PermissionUse) => tell(use, this.#spec.name));
    const { onQueued, onBegin } = queue;
    const watch = { signal, auditPermissions, onEnvironment, onQueued, onBegin, onExit, onRestart };
    const options = { launcher, scratchDir, permissions, bounds, offline, socketPath: this.#socketPath(), ...watch };
    const plugin = await RemotePlugin.start(this.#spec, options);
    try {
      await this.#configure(plugin, signal);
    } catch (error) {
      await plugin.cleanup();
      throw error;
    }
    const replica = new Replica(plugin, memory);
    started.resolve(replica);
    void this.#followLogs(plugin);
    return replica;
  }

  async #followLogs(plugin: RemotePlugin): Promise<void> {
    const { onLog } = this.#shared.options;
    if (onLog === undefined) return;
    for await (const record of plugin.logs) onLog(record, this.#spec.name);
  }

  #restarting(replica: Replica, { cause: error, delayMs }: RestartEvent): void {
    // Its start may have to wait for others, and tells when it begins.
    replica.restartingUntil = Infinity;
    this.#plugin.emit({ type: "restarting", error, delayMs });
  }

  #exited(replica: Replica, exit: WorkerExit): void {
    replica.isGone = true;
    this.#plugin.onExit(replica, exit);
  }

  async #configure(plugin: RemotePlugin, signal: AbortSignal): Promise<void> {
    const { configuration } = this.#plugin;
    const kept = await configuration.read();
    if (kept !== undefined) await configuration.check(kept, await plugin.ask("getConfigSchema", { signal }));
    const config = kept ?? this.#spec.defaultConfig;
    if (config !== undefined) await plugin.run(operationOf("initialize", config), { signal });
  }

  #socketPath(): string | undefined {
    const { socketDir } = this.#shared.options;
    return socketDir === undefined ? undefined : join(socketDir, `${crypto.randomUUID().slice(0, 8)}.sock`);
  }
}
