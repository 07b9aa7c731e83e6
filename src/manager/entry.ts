/**
 * One plugin in one version: its manifest, its state and its workers.
 *
 * @module
 */
import { untilAborted } from "../protocol/until_aborted.ts";
import { PluginStateError } from "../errors.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import type { QueuedEvent } from "../process/launcher.ts";
import type { OperationOptions, PluginConfig } from "../plugin/interface.ts";
import { operationOf } from "../plugin/members.ts";
import type { Evictable } from "./admission.ts";
import { CallCounter } from "./call_counter.ts";
import { Configuration, type KeepOptions, ownCopy } from "./configuration.ts";
import { Changes } from "./changes.ts";
import { checkHealth } from "./health_check.ts";
import { disabledError, type EntryState, toldState } from "./entry_state.ts";
import { IdleTimer } from "./idle_timer.ts";
import type { Shared } from "./replica_starter.ts";
import type { Pool } from "./pool.ts";
import type { Lease } from "./pool_host.ts";
import { Pools } from "./pools.ts";
import type { PluginEvent, StopReason } from "./events.ts";
import type { PluginInfo, PluginState } from "./info.ts";
import type { PluginSettings } from "./options.ts";

/** What an entry belongs to. */
export interface EntryOwner extends Shared {
  readonly emit: (spec: PluginSpec, event: PluginEvent) => void;
}

/** How a configuration is given, and kept. */
type ConfigureOptions = OperationOptions & Partial<KeepOptions>;

/** A plugin that a manager knows. */
export class Entry implements Evictable {
  /** What its calls came to. */
  readonly counter: CallCounter = new CallCounter();
  readonly #owner: EntryOwner;
  readonly #configuration: Configuration;
  readonly #idle: IdleTimer | undefined;
  readonly #pools: Pools;
  readonly #ending = new AbortController();
  readonly #changes = new Changes();
  #spec: PluginSpec;
  #state: EntryState = { kind: "registered" };
  #loading: Promise<void> | undefined;
  /** How many wait for the workers, which must not be taken for idle before they have got their first call. */
  #wanted = 0;

  /** Starts nothing yet. */
  constructor(spec: PluginSpec, settings: PluginSettings, owner: EntryOwner) {
    this.#spec = spec;
    this.#owner = owner;
    this.#configuration = new Configuration({ spec, folder: owner.options.configDir });
    this.#pools = new Pools(owner, {
      settings,
      configuration: this.#configuration,
      signal: this.#ending.signal,
      emit: (event) => this.#emit(event),
      onIdle: () => this.#onIdle(),
      onLost: (pool) => this.#onLost(pool),
    });
    const idleMs = settings.unloadAfterMs ?? owner.options.unloadAfterMs;
    if (idleMs !== undefined) this.#idle = new IdleTimer(idleMs, (since) => this.#onIdleTooLong(since));
  }

  /** The manifest as it was last read. */
  get spec(): PluginSpec {
    return this.#spec;
  }

  /** Its workers, while it takes calls. */
  get pool(): Pool | undefined {
    return "pool" in this.#state && !this.#state.pool.isClosing ? this.#state.pool : undefined;
  }

  /** When it was last used; `undefined` while it is in use, and when it has no workers. */
  get idleSince(): number | undefined {
    return this.#state.kind === "running" && this.#wanted === 0 ? this.#state.pool.idleSince : undefined;
  }

  /** What it is, and what it is doing. */
  get info(): PluginInfo {
    const { name, version, source, warnings, runtime, batch } = this.#spec;
    const maxConcurrency = this.#pools.limits(this.#spec).max * this.#spec.maxConcurrency;
    const isOutdated = "spec" in this.#state && this.#state.spec !== this.#spec;
    const told = { name, version, runtime: runtime.kind, source, state: this.state, queued: this.queued };
    return { ...told, isOutdated, maxConcurrency, batch, warnings };
  }

  /** Its starts that wait for others. */
  get queued(): readonly QueuedEvent[] {
    return this.#pools.queued.list;
  }

  /** What it is doing. */
  get state(): PluginState {
    return toldState(this.#state);
  }

  /** Takes another manifest for the workers to come. Those that run go on with theirs. */
  replaceSpec(spec: PluginSpec): void {
    this.#spec = spec;
  }

  /** A turn for a call, if one is free now. */
  tryLease(): Lease | undefined {
    return this.pool?.tryAcquire();
  }

  /** A turn for a call. The first one starts the plugin. */
  async lease(signal: AbortSignal): Promise<Lease> {
    while (true) {
      const lease = await this.withPool(signal, (pool) => pool.acquire(signal));
      if (lease !== undefined) return lease;
    }
  }

  /** Does something with the plugin's workers, which are started when there are none. */
  async withPool<T>(signal: AbortSignal, use: (pool: Pool) => Promise<T>): Promise<T> {
    this.#wanted++;
    try {
      while (true) {
        signal.throwIfAborted();
        const { pool } = this;
        if (pool !== undefined) return await use(pool);
        await untilAborted(this.load(), signal);
      }
    } finally {
      if (--this.#wanted === 0 && this.idleSince !== undefined) this.#owner.admission.pump();
    }
  }

  /** Starts the workers, when there are none. */
  load(): Promise<void> {
    return this.#loading ??= this.#changes.make(() => this.#load()).finally(() => this.#loading = undefined);
  }

  /** Lets the workers go, when their calls have ended or, by force, at once. */
  async unload(force: boolean, reason: StopReason = "unload"): Promise<void> {
    if (force) await this.#pools.end(reason);
    await this.#changes.make(() => this.#stop(reason));
  }

  /** Lets the workers go unless they are in use. */
  evict(): Promise<void> {
    return this.#stopIfIdle("evicted");
  }

  /** Replaces the workers. The new ones take the calls from the moment at which they are ready; the old ones finish theirs. */
  reload(): Promise<void> {
    return this.#changes.make(() => this.#reload());
  }

  /** Refuses calls from now on, and lets the workers go when their calls have ended. */
  disable(): Promise<void> {
    return this.#changes.make(async () => {
      await this.#stop("disabled");
      if (this.#state.kind === "disabled" || this.#state.kind === "closed") return;
      this.#state = { kind: "disabled" };
      this.#emit({ type: "disabled" });
    });
  }

  /** Accepts calls again. */
  enable(): void {
    if (this.#state.kind !== "disabled") return;
    this.#state = { kind: "registered" };
    this.#emit({ type: "enabled" });
  }

  /**
   * Checks a configuration, gives it to all workers, and keeps it for those to come. Only the plugin knows its schema, so it is started when it is not
   * running.
   */
  configure(
    config: PluginConfig,
    member: "initialize" | "reconfigure",
    { onDisk = true, ...options }: ConfigureOptions = {},
  ): Promise<void> {
    const own = ownCopy(config, { plugin: this.#spec.name, member });
    return this.#changes.make(async () => {
      await this.#configuration.tryOut(own, async () => {
        const plugins = [...this.pool?.replicas ?? []].map(({ plugin }) => plugin);
        if (plugins.length === 0) return await this.#load();
        await this.#configuration.check(own, await plugins[0]!.ask("getConfigSchema", options));
        const body = member === "initialize" ? own : { new_config: own };
        await Promise.all(plugins.map((plugin) => plugin.run(operationOf(member, body), options)));
      }, { onDisk });
      this.#emit({ type: "configured" });
    });
  }

  /** The configuration that was kept, `undefined` when there never was one. */
  async getConfig(): Promise<PluginConfig | undefined> {
    const config = await this.#configuration.read();
    return config && ownCopy(config, { plugin: this.#spec.name, member: "getConfig" });
  }

  /** Lets go of the workers that have not answered twice in a row. */
  async checkHealth(): Promise<void> {
    if (this.pool !== undefined) await checkHealth(this.pool, (worker) => this.#emit({ type: "unhealthy", ...worker }));
  }

  /** Ends everything at once, for good. */
  async close(): Promise<void> {
    const { name: plugin } = this.#spec;
    this.#ending.abort(new PluginStateError(`"${plugin}" was stopped, for its manager was disposed`, { plugin }));
    this.#idle?.[Symbol.dispose]();
    await this.#pools.end("dispose");
    await this.#changes.make(() => this.#stop("dispose"));
    this.#state = { kind: "closed" };
  }

  async #load(): Promise<void> {
    this.#refuseWhenOff();
    if (this.pool !== undefined) return;
    this.#state = { kind: "starting" };
    try {
      this.#state = { kind: "running", ...await this.#startPool() };
    } catch (error) {
      this.#state = { kind: "failed", error };
      throw error;
    }
    this.#idle?.touch();
  }

  async #reload(): Promise<void> {
    if (this.#state.kind !== "running") return await this.#load();
    // Where memory does not allow both, the old workers have to leave first, and calls wait meanwhile.
    const old = this.#state;
    if (!this.#pools.hasRoom(this.#spec)) {
      await this.#stop("reload");
      return await this.#load();
    }
    this.#state = { ...old, kind: "reloading" };
    try {
      this.#state = { kind: "running", ...await this.#startPool() };
    } catch (error) {
      this.#state = old.pool.replicas.size > 0 ? old : { kind: "failed", error };
      throw error;
    }
    this.#emit({ type: "reloaded" });
    // Its end is waited for by whoever ends the entry.
    void this.#pools.retire(old.pool, "reload");
  }

  async #startPool(): Promise<{ pool: Pool; spec: PluginSpec }> {
    const spec = this.#spec;
    return { pool: await this.#pools.start(spec), spec };
  }

  /** Lets open calls finish, so that what comes meanwhile waits for its turn. */
  async #stop(reason: StopReason): Promise<void> {
    if (this.#state.kind === "failed") this.#state = { kind: "registered" };
    if (!("pool" in this.#state)) return;
    const { pool } = this.#state;
    this.#state = { kind: "stopping", pool };
    await this.#pools.retire(pool, reason);
    this.#state = { kind: "registered" };
  }

  #onIdle(): void {
    this.#idle?.touch();
    if (this.idleSince !== undefined) this.#owner.admission.pump();
  }

  #onIdleTooLong(since: number): void {
    const { idleSince, pool } = this;
    if (idleSince !== undefined && idleSince <= since) void this.#stopIfIdle("idle");
    else void pool?.shrink(since).then(() => this.#idle?.touch());
  }

  /** A call that has come in between keeps the workers. */
  #stopIfIdle(reason: StopReason): Promise<void> {
    return this.#changes.make(async () => {
      if (this.idleSince !== undefined) await this.#stop(reason);
    });
  }

  #onLost(pool: Pool): void {
    if (this.#state.kind === "running" && this.#state.pool === pool) this.#state = { kind: "registered" };
    void this.#pools.retire(pool, "unload");
  }

  #refuseWhenOff(): void {
    const { name: plugin } = this.#spec;
    if (this.#ending.signal.aborted) throw this.#ending.signal.reason;
    if (this.#state.kind === "disabled") throw disabledError(plugin);
  }

  #emit(event: PluginEvent): void {
    this.#owner.emit(this.#spec, event);
  }
}
