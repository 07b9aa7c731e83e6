/**
 * The command line of a worker. It holds no secret.
 *
 * @module
 */
import { dirname, fromFileUrl, join } from "@std/path";
import type { DenoRuntime, PluginSpec } from "../manifest/manifest.ts";
import type { Variables } from "../permissions/environment.ts";
import { containsPath } from "../permissions/grant.ts";
import { permissionFlags } from "../permissions/flags.ts";
import { workerProgram } from "../permissions/required.ts";
import type { Address, PermissionSet, PluginTarget } from "../protocol/messages.ts";
import { PYTHON_SIGNATURES_SOURCE, PYTHON_START_SOURCE, PYTHON_WORKER_HASH, PYTHON_WORKER_SOURCE } from "../worker/python_source.ts";
import type { WorkerFolder } from "./_worker_folder.ts";

/** What to run, and what the worker is told of its plugin. */
export interface WorkerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly target: PluginTarget;
  /** The module of a worker of the environment's own, which ours runs in its place. */
  readonly foreign?: string;
}

/** What the command line depends on besides the manifest. */
export interface CommandContext {
  readonly folder: WorkerFolder;
  readonly listen: Address;
  /** What a Deno plugin is granted. */
  readonly permissions: PermissionSet;
  /** The variables of a Deno plugin's own. */
  readonly variables: Variables;
}

/** Prepares the command that starts the builtin worker for a plugin. */
export function workerCommand(spec: PluginSpec, context: CommandContext): WorkerCommand {
  const { runtime } = spec;
  const target = { name: spec.name, version: spec.version, module: runtime.module, class: runtime.class };
  const program = workerProgram(spec);
  if (runtime.kind === "python") {
    const args = pythonArguments(context.folder);
    return { program, args, target: { ...target, path: runtime.path, adapters: runtime.adapters }, foreign: runtime.foreignWorker };
  }
  const { permissions, variables } = context;
  const args = denoArguments(spec, runtime, { listen: context.listen, folder: context.folder.path, permissions });
  return { program, args, target: { ...target, path: [], permissions, env: variables } };
}

/** A start waits for this: the way to the runtime's pool of threads and back would take many times as long as the system needs. */
function pythonArguments(folder: WorkerFolder): string[] {
  const start = folder.file("start.py");
  Deno.writeTextFileSync(start, PYTHON_START_SOURCE);
  Deno.writeTextFileSync(folder.file("worker.py"), PYTHON_WORKER_SOURCE);
  // Read only when somebody asks for signatures.
  Deno.writeTextFileSync(folder.file("signatures.py"), PYTHON_SIGNATURES_SOURCE);
  return [start, PYTHON_WORKER_HASH];
}

/** What can be loaded besides the plugin: the worker, and what plugins import. It is a URL, for a published package is not on disk. */
const WORKER_SOURCES = new URL("../worker/", import.meta.url);

/** The control thread's entry. */
const DENO_WORKER = new URL("deno_bundle/main.js", WORKER_SOURCES);

interface DenoGrant {
  readonly listen: Address;
  /** The worker's own folder. The part of it for files is the plugin's thread's as well. */
  readonly folder: string;
  readonly permissions: PermissionSet;
}

function denoArguments(spec: PluginSpec, runtime: DenoRuntime, grant: DenoGrant): string[] {
  const config = findConfig(spec, runtime);
  return [
    "run",
    "--no-prompt",
    "--quiet",
    "--no-lock",
    "--unstable-worker-options",
    config === undefined ? "--no-config" : `--config=${config}`,
    ...permissionFlags(processPermissions(spec, runtime, grant)),
    DENO_WORKER.href,
  ];
}

/** The process holds what its control thread needs and what the plugin's thread is given; the thread itself gets the latter alone. */
function processPermissions(spec: PluginSpec, runtime: DenoRuntime, { listen, folder: own, permissions }: DenoGrant): PermissionSet {
  const socket = "unix" in listen ? [listen.unix] : [];
  const sources = WORKER_SOURCES.protocol === "file:" ? [fromFileUrl(WORKER_SOURCES)] : [];
  const folder = pluginFolder(spec, runtime);
  return {
    ...permissions,
    read: union(permissions.read, [...(folder === undefined ? [] : [folder]), ...sources, ...socket, own]),
    // The control thread writes the plugin's files, and removes the worker's own folder when the host cannot do it any more.
    write: union(permissions.write, [own, ...socket]),
    net: union(permissions.net, ["unix" in listen ? `unix:${listen.unix}` : `${listen.tcp}:0`]),
    // The control thread ends what the plugin has started, and Deno lets only those signal a process group who may run everything.
    run: permissions.run === undefined ? undefined : true,
    import: permissions.import === undefined ? undefined : union(permissions.import, importHosts()),
  };
}

function union(allowance: true | readonly string[] | undefined, more: readonly string[]): true | readonly string[] {
  return allowance === true ? true : [...allowance ?? [], ...more];
}

function importHosts(): string[] {
  return DENO_WORKER.protocol === "file:" ? [] : [DENO_WORKER.host];
}

/** The folder from which the plugin's modules are loaded: the manifest's when the plugin is in it, else the plugin's own. */
function pluginFolder(spec: PluginSpec, runtime: DenoRuntime): string | undefined {
  if (!runtime.module.startsWith("file:")) return undefined;
  const own = dirname(fromFileUrl(runtime.module));
  const manifests = spec.source === undefined ? own : dirname(spec.source);
  return containsPath(manifests, own) ? manifests : own;
}

/** A `deno.json` beside the plugin or its manifest gives the plugin its import map. A host that may not look there goes without. */
function findConfig(spec: PluginSpec, runtime: DenoRuntime): string | undefined {
  if (!runtime.module.startsWith("file:")) return undefined;
  const folders = new Set([dirname(fromFileUrl(runtime.module)), pluginFolder(spec, runtime)!]);
  for (const folder of folders) {
    for (const name of ["deno.json", "deno.jsonc"]) {
      const path = join(folder, name);
      if (isFile(path)) return path;
    }
  }
  return undefined;
}

function isFile(path: string): boolean {
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return false;
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
