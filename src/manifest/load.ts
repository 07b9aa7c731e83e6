/**
 * Reads a manifest from a file, a URL or an object, and resolves what it says.
 *
 * @module
 */
import { basename, dirname, fromFileUrl, isAbsolute, join, resolve, toFileUrl } from "@std/path";
import { type BatchLimits, capacityOf, DEFAULT_BATCH, MOST_OPEN_CALLS } from "../protocol/batch.ts";
import { ManifestError, PermissionDeniedError } from "../errors.ts";
import { resolveOriginal } from "./original.ts";
import {
  ALL_PERMISSIONS,
  checkPythonPermissions,
  heldPermissions,
  isBuiltin,
  resolvePermissions,
  unheldPermissions,
} from "./permissions.ts";
import { checkManifest, escaped } from "./schema.ts";
import { isPythonScript, referenceText, scriptManifest, type ScriptReference, scriptReference } from "./script.ts";
import { parseJson, readText, toUrl } from "./source.ts";
import type {
  DenoRuntime,
  EnvironmentSource,
  InlineEnvironment,
  Manifest,
  PluginEntry,
  PluginSpec,
  PythonRuntime,
  RestartMode,
  RestartPolicy,
  RestartSettings,
} from "./manifest.ts";
import { configuresRuntime } from "./variables.ts";

/** Where manifests come from: a path, a `file:` or `https:` URL, the object itself, or one that has been read already. A script's path or URL will do as well. */
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
  const script = scriptReference(String(from));
  const url = toUrl(script?.path ?? from);
  const path = url.protocol === "file:" ? fromFileUrl(url) : url.href;
  if (script !== undefined) return await loadScript({ ...script, path }, url);
  const text = await readText(url, { what: "manifest", path });
  return await resolveManifest(parseJson(text, path), { source: path, base: url });
}

/** A script is read for its metadata. One from the network is the runtime's to fetch, which Python's does not. */
async function loadScript(script: ScriptReference, url: URL): Promise<PluginSpec> {
  const isHere = url.protocol === "file:";
  if (!isHere && isPythonScript(script.path)) {
    const message = `Cannot use the script "${script.path}": Python runs none from the network. Bring the file here, and name its path`;
    throw new ManifestError(message, { plugin: script.path, source: script.path });
  }
  const manifest = scriptManifest(script, isHere ? await readText(url, { what: "script", path: script.path }) : "");
  return await resolveManifest(manifest, { source: referenceText(script), base: url, script });
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
  /** The script that is a plugin without a manifest. */
  readonly script?: ScriptReference;
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
  return basename(module).replace(/\.(?:[cm]?[jt]sx?|pyw?)$/, "") || module;
}

function pythonRuntime(manifest: Manifest, paths: PathResolver): PythonRuntime {
  const { refuse } = paths;
  checkPythonPermissions(manifest, refuse);
  if (manifest.environment !== undefined && manifest.python_path !== undefined) throw refuse("$.environment", TWO_INTERPRETERS);
  const folders = manifest.plugin_path ?? ".";
  return {
    kind: "python",
    interpreter: manifest.environment === undefined ? paths.program(manifest.python_path ?? "python3") : "",
    environment: manifest.environment === undefined ? undefined : environmentSource(manifest.environment, paths),
    module: isPythonScript(manifest.module) ? paths.file(manifest.module) : manifest.module,
    entry: entryOf(manifest, paths),
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
  return {
    kind: "deno",
    module: paths.module(manifest.module),
    entry: entryOf(manifest, paths),
    // A script asks for nothing by itself: it gets what the policy names.
    permissions: paths.script === undefined ? resolvePermissions(manifest.permissions ?? {}, paths) : ALL_PERMISSIONS,
  };
}

/** What of its module is the plugin. */
function entryOf(manifest: Manifest, { script, refuse }: PathResolver): PluginEntry {
  const { runtime = "python", module, class: className, function: functionName } = manifest;
  if (functionName !== undefined && className !== undefined) throw refuse("$.function", TWO_ENTRIES);
  if (functionName !== undefined && !isBuiltin(manifest)) throw refuse("$.function", NO_FUNCTIONS);
  if (functionName !== undefined) return { kind: "function", name: functionName };
  if (className !== undefined) return { kind: "class", name: className };
  if (script !== undefined || (runtime === "python" && isPythonScript(module))) return { kind: "script", name: script?.name };
  if (runtime === "deno") return { kind: "class", name: "default" };
  throw refuse("$.class", `is nothing, wanted is the name of the plugin's class, or that of its function in "function"`);
}

const TWO_ENTRIES = 'stands beside "class", and a plugin is one of the two. Remove the other';
const NO_FUNCTIONS = 'is for the builtin worker. Remove "worker", or name a "class"';

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

  get script(): ScriptReference | undefined {
    return this.#origin.script;
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
