/**
 * Many plugins in one host.
 *
 * @module
 */
import { resolve } from "@std/path";
import type { PluginError } from "../errors.ts";
import { findManifests } from "../manifest/find.ts";
import { loadManifest, type ManifestSource } from "../manifest/load.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import type { OperationOptions, PluginConfig } from "../plugin/interface.ts";
import type { PluginInterface } from "../plugin/members.ts";
import type { SignaturesBody } from "../protocol/messages.ts";
import { Admission } from "./admission.ts";
import { Entry } from "./entry.ts";
import { FolderWatch } from "./folder_watch.ts";
import type { StartedPool } from "./replica_starter.ts";
import { ManagedPlugin } from "./managed_plugin.ts";
import { Registry } from "./registry.ts";
import { runningSignatures } from "./running_signatures.ts";
import { SourceWatch } from "./source_watch.ts";
import { collectStats } from "./stats.ts";
import { EventStream, type ManagerEvent, type PluginEvent } from "./events.ts";
import type { ManagerStats, PluginInfo } from "./info.ts";
import { isNews, isStillThere, type ManifestProblem, sameName, watchProblem } from "./manifest_changes.ts";
import { checkDurations, type ManagerOptions } from "./options.ts";
import { WatchPlan } from "./watch_plan.ts";

/** How `unload()` goes about it. */
export interface UnloadOptions {
  /** Ends the workers at once, and cancels what they run. Default: false, open calls are waited for. */
  readonly force?: boolean;
}

/** What `get()` takes. */
export interface GetOptions {
  /** Whether a configuration that is given by this handle is written to `configDir`, for managers to come. Default: true, where there is a `configDir`. */
  readonly keepsConfig?: boolean;
}

const DEFAULT_HEALTH_INTERVAL_MS = 10_000;

/**
 * Finds plugins, starts them when they are first called, shares their workers, and ends them all when it is disposed.
 *
 * Plugins are named as in their manifests. Of several versions the highest is meant, or another one by `name@version`.
 *
 * @example
 * ```ts no-eval
 * import { PluginManager } from "@remote-plugin/proxy/manager";
 *
 * await using manager = await PluginManager.create({ folders: ["./plugins"], unloadAfterMs: 60_000, memory: { gpuMb: 8_000 } });
 * for (const { name, version, state } of manager.list()) console.log(name, version, state.kind);
 * console.log(await manager.get("whisper").execute({ audio: "/tmp/talk.wav" }));
 * ```
 */
export class PluginManager implements AsyncDisposable {
  readonly #options: ManagerOptions;
  readonly #folders: readonly string[];
  readonly #registry = new Registry();
  /** Plugins whose manifests have gone and whose calls have not ended yet. */
  readonly #forgotten = new Set<Entry>();
  readonly #admission: Admission;
  readonly #events = new EventStream();
  readonly #watch: FolderWatch;
  readonly #sources: SourceWatch | undefined;
  readonly #healthTimer: ReturnType<typeof setInterval> | undefined;
  #problems: ManifestProblem[] = [];
  #found: ReadonlySet<Entry> = new Set();
  #refreshing = Promise.resolve();
  #disposed: Promise<void> | undefined;

  private constructor(options: ManagerOptions) {
    this.#options = options;
    this.#folders = options.folders ?? [];
    this.#admission = new Admission(options.memory ?? {}, () => this.#registry.all);
    this.#watch = new FolderWatch((cause) => this.#tellProblem(watchProblem(this.#folders, cause)));
    if (options.watch === true) {
      this.#sources = new SourceWatch(this.#watch, { emit: ({ spec }, event) => this.#emit(spec, event), onLog: options.onLog });
    }
    const { healthIntervalMs = DEFAULT_HEALTH_INTERVAL_MS } = options;
    if (healthIntervalMs === 0) return;
    // A longer interval than this setInterval takes for 1 ms.
    this.#healthTimer = setInterval(() => this.#checkHealth(), Math.min(healthIntervalMs, 2 ** 31 - 1));
    Deno.unrefTimer(this.#healthTimer as unknown as number);
  }

  /**
   * Makes a manager and reads its manifests. One that cannot be used is in `problems`, and the others go on.
   *
   * @throws {ManifestError} When one of `options.manifests` cannot be used.
   * @throws {RangeError} When a time in the options is none.
   */
  static async create(options: ManagerOptions = {}): Promise<PluginManager> {
    checkDurations(options);
    const manager = new PluginManager(options);
    try {
      for (const manifest of options.manifests ?? []) await manager.add(manifest);
      if (options.watch) await manager.#watchFolders();
      await manager.refresh();
      return manager;
    } catch (error) {
      await manager[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The manifests that cannot be used, as of the last `refresh()`. */
  get problems(): readonly ManifestProblem[] {
    const { failure } = this.#watch;
    return failure === undefined ? this.#problems : [watchProblem(this.#folders, failure), ...this.#problems];
  }

  /**
   * What happens from now on. Each reader gets all of it; one that does not keep up loses its oldest events beyond 1,000, and is told so. It ends when
   * the manager is disposed.
   */
  get events(): AsyncIterable<ManagerEvent> {
    return this.#events;
  }

  /** The plugins by name, the highest version of each first. */
  list(): PluginInfo[] {
    return this.#registry.all.map(({ info }) => info);
  }

  /** What a plugin is, and what it is doing. */
  info(plugin: string): PluginInfo {
    return this.#registry.find(plugin).info;
  }

  /** What the methods of a plugin take and give, if a worker of it runs and can tell. Nothing is started, and an idle plugin stays idle. */
  async runningSignatures(plugin: string): Promise<SignaturesBody | undefined> {
    return await runningSignatures(this.#registry.find(plugin));
  }

  /**
   * A plugin, to be called. Nothing is started before its first call. Its `cleanup()` lets go of this handle alone.
   *
   * @throws {PluginError} When there is no such plugin; it names the nearest.
   */
  get(plugin: string, { keepsConfig = true }: GetOptions = {}): PluginInterface {
    return new ManagedPlugin(this.#registry.find(plugin), { onDisk: keepsConfig });
  }

  /** Takes up one more manifest. */
  async add(manifest: ManifestSource): Promise<PluginInfo> {
    const entry = this.#take(await loadManifest(manifest));
    return entry.info;
  }

  /**
   * Reads the folders again. Plugins that run go on with the manifest that they started with, also when it cannot be used any more; `reload()` brings
   * the new one.
   */
  async refresh(): Promise<void> {
    // One after the other: two at once would each take for gone what only the other has found.
    const refreshing = this.#refreshing.then(() => this.#readFolders());
    this.#refreshing = refreshing.catch(() => {});
    await refreshing;
  }

  /** Nobody waits for what the watch makes happen: what goes wrong is told as a problem. */
  async #watchFolders(): Promise<void> {
    const roots = this.#folders.map((folder) => resolve(folder));
    const onChange = () => void this.refresh().catch((cause) => this.#report(watchProblem(this.#folders, cause)));
    await this.#watch.add({ plan: () => WatchPlan.ofManifests(roots), onChange });
  }

  async #readFolders(): Promise<void> {
    const files = await Array.fromAsync(findManifests(this.#folders));
    const byPath = new Map(files.map((file) => [file.path, file]));
    const before = this.#problems;
    this.#problems = [];
    const found = new Set([...this.#found].filter(({ spec }) => isStillThere(spec, byPath)));
    // Those that are gone make room first: a manifest may have been given another file's name.
    for (const entry of this.#found.difference(found)) this.#forget(entry);
    for (const file of files) {
      try {
        if ("error" in file) throw file.error;
        found.add(this.#update(file.spec));
      } catch (error) {
        this.#report({ source: file.path, error: error as PluginError }, before);
      }
    }
    this.#found = found;
  }

  /** Starts a plugin's workers ahead of the first call. */
  async load(plugin: string): Promise<void> {
    await this.#registry.find(plugin).load();
  }

  /** Ends a plugin's workers. The next call starts them again. */
  async unload(plugin: string, { force = false }: UnloadOptions = {}): Promise<void> {
    await this.#registry.find(plugin).unload(force);
  }

  /**
   * Replaces a plugin's workers, with its manifest read again. New ones are ready before the old ones leave, which finish their calls; where
   * `memory` does not allow both, calls wait meanwhile. When the new ones cannot be started, the old ones stay.
   */
  async reload(plugin: string): Promise<void> {
    const entry = this.#registry.find(plugin);
    if (entry.spec.source !== undefined) entry.replaceSpec(sameName(entry.spec, await loadManifest(entry.spec.source)));
    await entry.reload();
  }

  /** Accepts calls again. */
  enable(plugin: string): void {
    this.#registry.find(plugin).enable();
  }

  /** Refuses calls from now on, and ends the workers when their calls have ended. */
  async disable(plugin: string): Promise<void> {
    await this.#registry.find(plugin).disable();
  }

  /**
   * Gives a plugin a configuration, checked by its JSON Schema before it is sent. All workers to come get it too. It starts a plugin that is not
   * running, for only the plugin knows its schema.
   *
   * @throws {CallError} When the configuration does not conform, with all places that are wrong. The one before is kept.
   */
  async configure(plugin: string, config: PluginConfig, options?: OperationOptions): Promise<void> {
    await this.#registry.find(plugin).configure(config, "reconfigure", options);
  }

  /** The configuration that a plugin was given; `undefined` when it never was. */
  async getConfig(plugin: string): Promise<PluginConfig | undefined> {
    return await this.#registry.find(plugin).getConfig();
  }

  /** What all plugins use, and how long their calls take. */
  async getStats(): Promise<ManagerStats> {
    return await collectStats(this.#registry.all, this.#options.gpuProgram ?? "nvidia-smi");
  }

  /** Ends everything at once, in parallel. Calling it again is harmless. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposed ??= this.#dispose();
  }

  async #dispose(): Promise<void> {
    clearInterval(this.#healthTimer);
    this.#watch[Symbol.dispose]();
    this.#sources?.[Symbol.dispose]();
    await Promise.all([...this.#registry.all, ...this.#forgotten].map((entry) => entry.close()));
    this.#events.close();
  }

  #take(spec: PluginSpec): Entry {
    const settings = { ...this.#options.plugins?.[spec.name] };
    const emit = (spec: PluginSpec, event: PluginEvent) => this.#emit(spec, event);
    const onStarted = (started: StartedPool) => this.#sources?.begin(entry, started);
    const entry: Entry = new Entry(spec, settings, { options: this.#options, admission: this.#admission, emit, onStarted });
    this.#registry.add(entry);
    this.#emit(spec, { type: "found" });
    return entry;
  }

  /** A manifest that is there again: one that has changed takes the place of the one before. */
  #update(spec: PluginSpec): Entry {
    const entry = this.#registry.exact(spec);
    if (entry === undefined || entry.spec.source !== spec.source) return this.#take(spec);
    if (JSON.stringify(entry.spec) !== JSON.stringify(spec)) {
      entry.replaceSpec(spec);
      this.#emit(spec, { type: "changed" });
    }
    return entry;
  }

  /** A plugin whose manifest has gone is ended when its calls have ended. */
  #forget(entry: Entry): void {
    this.#registry.remove(entry);
    this.#sources?.forget(entry);
    this.#emit(entry.spec, { type: "gone" });
    this.#forgotten.add(entry);
    void entry.unload(false).then(() => entry.close()).finally(() => this.#forgotten.delete(entry));
  }

  /** What was told before is no news. */
  #report(problem: ManifestProblem, before: readonly ManifestProblem[] = []): void {
    this.#problems.push(problem);
    if (isNews(problem, before)) this.#tellProblem(problem);
  }

  #tellProblem(problem: ManifestProblem): void {
    this.#events.publish({ type: "problem", time: new Date(), ...problem });
  }

  #emit({ name: plugin, version }: PluginSpec, event: PluginEvent): void {
    this.#events.publish({ ...event, time: new Date(), plugin, version });
  }

  #checkHealth(): void {
    for (const entry of this.#registry.all) void entry.checkHealth();
  }
}
