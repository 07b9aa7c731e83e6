/**
 * Reads a manifest from a file, a URL or an object, and resolves what it says.
 *
 * @module
 */
import { basename, dirname, fromFileUrl, isAbsolute, join, resolve, toFileUrl } from "@std/path";
import { type BatchLimits, capacityOf, DEFAULT_BATCH, MOST_OPEN_CALLS } from "../protocol/batch.ts";
import { messageOf } from "../protocol/text.ts";
import { ManifestError, PermissionDeniedError } from "../errors.ts";
import { resolveOriginal } from "./original.ts";
import { checkPythonPermissions, heldPermissions, isBuiltin, resolvePermissions, unheldPermissions } from "./permissions.ts";
import { checkManifest, escaped } from "./schema.ts";
import type {
  DenoRuntime,
  EnvironmentSource,
  InlineEnvironment,
  Manifest,
  PluginSpec,
  PythonRuntime,
  RestartMode,
  RestartPolicy,
  RestartSettings,
} from "./manifest.ts";
import { configuresRuntime } from "./variables.ts";

/** Where manifests come from: a path, a `file:` or `https:` URL, the object itself, or one that has been read already. */
export type ManifestSource = string | URL | Manifest | PluginSpec;

/** The default of `start_timeout_ms`: importing a large model library from a cold disk takes some twenty seconds. */
export const DEFAULT_START_TIMEOUT_MS = 60_000;

/**
 * Reads, checks and resolves a manifest.
 *
 * @throws {ManifestError} When it cannot be read, is no JSON, or says what no manifest may say.
 * @throws {PermissionDeniedError} When the host may not read it.
 */
export async function loadManifest(from: ManifestSource): Promise<PluginSpec> {
  if (isChecked(from)) return from;
  if (typeof from === "object" && !(from instanceof URL)) return await resolveManifest(from, { source: undefined, base: undefined });
  const url = toUrl(from);
  const source = url.protocol === "file:" ? fromFileUrl(url) : url.href;
  const text = await readText(url, source);
  return await resolveManifest(parseJson(text, source), { source, base: url });
}

/** What a manifest that was checked has, and nothing that was read from JSON can have. */
const CHECKED = Symbol("checked manifest");

/** Whether it has been read and checked. It stays as it was then, whatever has become of its file. */
export function isChecked(from: ManifestSource): from is PluginSpec {
  return typeof from === "object" && from !== null && CHECKED in from;
}

/** Marks one that was checked. What passes to another thread loses its mark on the way, and only who has sent it knows that it had one. */
export function asChecked(spec: PluginSpec): PluginSpec {
  return Object.assign(spec, { [CHECKED]: true });
}

interface Origin {
  readonly source: string | undefined;
  /** The manifest's own URL, to which relative paths belong; without one they belong to the working directory. */
  readonly base: URL | undefined;
}

async function resolveManifest(raw: unknown, origin: Origin): Promise<PluginSpec> {
  const { manifest, warnings, raw: checked } = checkManifest(raw, origin.source);
  const name = manifest.name ?? defaultName(manifest.module);
  const paths = new PathResolver(name, origin);
  const original = await resolveOriginal({ name, manifest, raw: checked, ...origin });
  return asChecked({
    name,
    version: manifest.version ?? "0.0.0",
    source: origin.source,
    runtime: manifest.runtime === "deno"
      ? denoRuntime(manifest, paths)
      : pythonRuntime({ ...manifest, adapters: [...original.adapters] }, paths),
    cwd: manifest.cwd === undefined ? undefined : paths.file(manifest.cwd),
    env: original.env,
    runtimeVariables: manifest.runtime === "deno" ? variablesOf(manifest).filter(({ name }) => configuresRuntime(name)) : [],
    defaultConfig: original.defaultConfig,
    inheritEnv: manifest.inherit_env ?? [],
    transport: manifest.transport,
    maxConcurrency: manifest.max_concurrency ?? 1,
    batch: batchLimits(manifest, paths),
    startTimeoutMs: manifest.start_timeout_ms ?? (manifest.idle_timeout_ms === undefined ? DEFAULT_START_TIMEOUT_MS : undefined),
    idleTimeoutMs: manifest.idle_timeout_ms,
    restart: restartPolicy(manifest.restart ?? "never"),
    memory: { systemMb: manifest.resources?.min_system_ram_mb ?? 0, gpuMb: manifest.resources?.min_gpu_vram_mb ?? 0 },
    limits: { memoryMb: manifest.resources?.max_memory_mb, processes: manifest.resources?.max_processes },
    warnings: [...warnings, ...original.warnings, ...unheldPermissions(name, manifest)],
  });
}

/** The policy that a manifest's `restart` stands for. */
export function restartPolicy(restart: RestartMode | RestartSettings): RestartPolicy {
  const settings = typeof restart === "string" ? { mode: restart } : restart;
  return {
    mode: settings.mode ?? "on_failure",
    initialDelayMs: settings.initial_delay_ms ?? 200,
    maxDelayMs: settings.max_delay_ms ?? 30_000,
    maxCrashes: settings.max_crashes ?? 3,
    windowMs: settings.window_ms ?? 300_000,
  };
}

function defaultName(module: string): string {
  return basename(module).replace(/\.[cm]?[jt]sx?$/, "") || module;
}

function pythonRuntime(manifest: Manifest, paths: PathResolver): PythonRuntime {
  const { refuse } = paths;
  if (manifest.class === undefined) throw refuse("$.class", "is nothing, wanted is the name of the plugin's class");
  checkPythonPermissions(manifest, refuse);
  if (manifest.environment !== undefined && manifest.python_path !== undefined) throw refuse("$.environment", TWO_INTERPRETERS);
  const folders = manifest.plugin_path ?? ".";
  return {
    kind: "python",
    interpreter: manifest.environment === undefined ? paths.program(manifest.python_path ?? "python3") : "",
    environment: manifest.environment === undefined ? undefined : environmentSource(manifest.environment, paths),
    module: manifest.module,
    class: manifest.class,
    path: (typeof folders === "string" ? [folders] : folders).map((folder) => paths.file(folder)),
    adapters: manifest.adapters ?? [],
    foreignWorker: isBuiltin(manifest) ? undefined : manifest.worker,
    permissions: heldPermissions(manifest, paths),
    isSandboxed: manifest.sandbox === "bubblewrap",
  };
}

/** How calls are gathered, if they are. */
function batchLimits(manifest: Manifest, { refuse }: PathResolver): BatchLimits | undefined {
  if (manifest.batch === undefined) return undefined;
  if (!isBuiltin(manifest)) {
    throw refuse("$.batch", "is for the builtin worker, and the one of the plugin's environment gathers no calls. Remove one of the two");
  }
  const batch = { ...DEFAULT_BATCH, ...manifest.batch };
  const lots = (manifest.max_concurrency ?? 1) + 1;
  const most = Math.floor(MOST_OPEN_CALLS / lots);
  if (capacityOf(lots - 1, batch) <= MOST_OPEN_CALLS) return batch;
  throw refuse("$.batch.max_size", `is ${batch.max_size}, wanted is at most ${most} beside a "max_concurrency" of ${lots - 1}`);
}

const TWO_INTERPRETERS = 'stands beside "python_path", and a plugin has one interpreter. Remove one of the two';

function environmentSource(environment: string | InlineEnvironment, paths: PathResolver): EnvironmentSource {
  if (typeof environment === "string") return { kind: "path", path: paths.file(environment) };
  const { python, dependencies = [], index, extra_args: extraArgs = [] } = environment;
  return { kind: "inline", folder: paths.folder, python: python && paths.program(python), dependencies, index, extraArgs };
}

function denoRuntime(manifest: Manifest, paths: PathResolver): DenoRuntime {
  if (manifest.sandbox !== undefined) throw paths.refuse("$.sandbox", SANDBOXED);
  if (manifest.resources?.max_processes !== undefined) throw paths.refuse("$.resources.max_processes", UNLIMITED);
  return {
    kind: "deno",
    module: paths.module(manifest.module),
    class: manifest.class ?? "default",
    permissions: resolvePermissions(manifest.permissions ?? {}, paths),
  };
}

const UNLIMITED =
  "is for Python plugins: the threads of a Deno process are the runtime's own, which ends when it gets none. Remove it; a plugin runs no programs without " +
  '"run" in its permissions';
const SANDBOXED = 'is for Python plugins. Deno bounds this one; have the host start it with bounds: "kernel" for more than that';

function variablesOf({ env_vars = {}, worker_env = [], inherit_env = [] }: Manifest): PluginSpec["runtimeVariables"] {
  const inherited = inherit_env === true ? [] : inherit_env;
  return [
    ...Object.keys(env_vars).map((name) => ({ name, isInherited: false, place: `$.env_vars.${escaped(name)}` })),
    ...worker_env.map(({ name }) => ({ name, isInherited: false, place: `$.worker_env.${escaped(name)}` })),
    ...inherited.map((name, index) => ({ name, isInherited: true, place: `$.inherit_env[${index}]` })),
  ];
}

/** Resolves what a manifest calls relative. */
class PathResolver {
  readonly #plugin: string;
  readonly #origin: Origin;

  constructor(plugin: string, origin: Origin) {
    this.#plugin = plugin;
    this.#origin = origin;
  }

  get source(): string | undefined {
    return this.#origin.source;
  }

  /** The error of a value in the manifest. */
  readonly refuse = (place: string, what: string): ManifestError => {
    const message = `Cannot use the manifest of "${this.#plugin}": "${place}" ${what}`;
    return new ManifestError(message, { plugin: this.#plugin, source: this.source, place });
  };

  /** The folder to which relative paths belong; the network has none. */
  get folder(): string | undefined {
    const { base } = this.#origin;
    if (base === undefined) return resolve(".");
    return base.protocol === "file:" ? dirname(fromFileUrl(base)) : undefined;
  }

  file(path: string): string {
    if (path === "~" || /^~[\\/]/.test(path)) return join(this.#home(path), path.slice(1));
    if (isAbsolute(path)) return path;
    const { folder } = this;
    if (folder !== undefined) return join(folder, path);
    const message = `Cannot use the manifest "${this.source}": "${path}" is relative, and a manifest from the network has no folder`;
    throw new ManifestError(message, { plugin: this.#plugin, source: this.source });
  }

  /** A bare name stays as it is. */
  program(program: string): string {
    return /[\\/]/.test(program) ? this.file(program) : program;
  }

  module(module: string): string {
    if (/^[a-z][a-z0-9+.-]+:/i.test(module)) return module;
    const { base } = this.#origin;
    if (base !== undefined && base.protocol !== "file:") return new URL(module, base).href;
    return toFileUrl(this.file(module)).href;
  }

  #home(path: string): string {
    try {
      const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE");
      if (home !== undefined) return home;
    } catch (cause) {
      throw new PermissionDeniedError(
        `Cannot resolve "${path}" in the manifest of "${this.#plugin}": the host may not read HOME. Add --allow-env=HOME`,
        { plugin: this.#plugin, missing: [{ name: "env", variable: "HOME" }], flags: ["--allow-env=HOME"], cause },
      );
    }
    const message = `Cannot resolve "${path}" in the manifest of "${this.#plugin}": there is no HOME in the environment`;
    throw new ManifestError(message, { plugin: this.#plugin, source: this.source });
  }
}

function toUrl(from: string | URL): URL {
  if (from instanceof URL) return from;
  return /^(file|https?):/.test(from) ? new URL(from) : toFileUrl(resolve(from));
}

async function readText(url: URL, source: string): Promise<string> {
  try {
    if (url.protocol === "file:") return await Deno.readTextFile(url);
    const response = await fetch(url);
    if (response.ok) return await response.text();
    throw new Error(`the server answered ${response.status}`);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw mayNotRead(url, source, cause);
    const reason = cause instanceof Deno.errors.NotFound ? "there is no such file" : messageOf(cause);
    throw new ManifestError(`Cannot read the manifest "${source}": ${reason}`, { plugin: source, source, cause });
  }
}

function mayNotRead(url: URL, source: string, cause: Error): PermissionDeniedError {
  const file = url.protocol === "file:";
  const flag = file ? `--allow-read=${source}` : `--allow-net=${url.host}`;
  const missing: Deno.PermissionDescriptor = file ? { name: "read", path: source } : { name: "net", host: url.host };
  return new PermissionDeniedError(`Cannot read the manifest "${source}": the host lacks a permission. Add ${flag}`, {
    plugin: source,
    missing: [missing],
    flags: [flag],
    cause,
  });
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    const reason = messageOf(cause);
    throw new ManifestError(`Cannot use the manifest "${source}": it is no JSON (${reason})`, { plugin: source, source, cause });
  }
}
