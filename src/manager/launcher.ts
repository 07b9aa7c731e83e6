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
import type { PermissionUse } from "../process/permission_audit.ts";
import type { WorkerExit } from "../process/worker_process.ts";
import type { Admission } from "./admission.ts";
import type { Configuration } from "./configuration.ts";
import type { PluginEvent } from "./events.ts";
import type { ManagerOptions } from "./options.ts";
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

/** What a launcher needs of its plugin. */
export interface LauncherPlugin {
  readonly configuration: Configuration;
  /** Aborted when nothing may be started any more. */
  readonly signal: AbortSignal;
  readonly emit: (event: PluginEvent) => void;
  readonly onExit: (replica: Replica, exit: WorkerExit) => void;
}

/** Starts workers of a plugin as its manifest was at one moment. */
export class Launcher {
  readonly #spec: PluginSpec;
  readonly #shared: Shared;
  readonly #plugin: LauncherPlugin;

  /** Starts nothing yet. */
  constructor(spec: PluginSpec, shared: Shared, plugin: LauncherPlugin) {
    this.#spec = spec;
    this.#shared = shared;
    this.#plugin = plugin;
  }

  /** Starts so many workers at once, when there is memory for all of them. When one cannot be started, none is. */
  async start(count: number): Promise<Replica[]> {
    const memory = await this.#reserve(count);
    const outcomes = await Promise.allSettled(memory.map((one) => this.#startOne(one)));
    const replicas = outcomes.filter((outcome) => outcome.status === "fulfilled").map(({ value }) => value);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed === undefined) return replicas;
    await Promise.all(replicas.map((replica) => replica.release()));
    throw failed.reason;
  }

  /** Starts one worker if there is memory for it now. */
  async startIfRoom(): Promise<Replica | undefined> {
    const memory = this.#shared.admission.tryReserve(this.#spec.name, this.#spec.memory);
    return memory === undefined ? undefined : await this.#startOne(memory);
  }

  /** Whether so many more fit beside all that is loaded. */
  hasRoom(count: number): boolean {
    return this.#shared.admission.hasRoom(this.#spec.memory, count);
  }

  async #reserve(count: number): Promise<Disposable[]> {
    const { name: plugin, memory: need } = this.#spec;
    const { signal, emit } = this.#plugin;
    try {
      return await this.#shared.admission.reserve({ plugin, need, count, signal, onWait: () => emit({ type: "waiting", ...need }) });
    } catch (error) {
      emit({ type: "failed", error });
      throw error;
    }
  }

  async #startOne(memory: Disposable): Promise<Replica> {
    const began = performance.now();
    const { emit } = this.#plugin;
    emit({ type: "starting" });
    try {
      const replica = await this.#startReplica(memory);
      emit({ type: "ready", pid: replica.plugin.pid, tookMs: performance.now() - began });
      return replica;
    } catch (error) {
      memory[Symbol.dispose]();
      emit({ type: "failed", error });
      throw error;
    }
  }

  async #startReplica(memory: Disposable): Promise<Replica> {
    const { scratchDir, permissions, bounds, offline, auditPermissions: tell } = this.#shared.options;
    const started = Promise.withResolvers<Replica>();
    const onExit = (exit: WorkerExit) => void started.promise.then((replica) => this.#exited(replica, exit));
    const onRestart = (event: RestartEvent) => void started.promise.then((replica) => this.#restarting(replica, event));
    const onEnvironment = (step: EnvironmentStep) => this.#shared.options.onEnvironment?.(step, this.#spec.name);
    const auditPermissions = tell && ((use: PermissionUse) => tell(use, this.#spec.name));
    const watch = { signal: this.#plugin.signal, auditPermissions, onEnvironment, onExit, onRestart };
    const options = { scratchDir, permissions, bounds, offline, socketPath: this.#socketPath(), ...watch };
    const plugin = await RemotePlugin.start(this.#spec, options);
    try {
      await this.#configure(plugin);
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
    const startMs = this.#spec.startTimeoutMs ?? DEFAULT_START_TIMEOUT_MS;
    replica.restartingUntil = performance.now() + delayMs + startMs;
    this.#plugin.emit({ type: "restarting", error, delayMs });
  }

  #exited(replica: Replica, exit: WorkerExit): void {
    replica.isGone = true;
    this.#plugin.onExit(replica, exit);
  }

  async #configure(plugin: RemotePlugin): Promise<void> {
    const { signal } = this.#plugin;
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
