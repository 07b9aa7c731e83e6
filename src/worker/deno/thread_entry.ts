/**
 * What the plugin's thread is made from: its first modules, and what it may do.
 *
 * @module
 */
import type { PermissionSet, PluginTarget } from "../../protocol/messages.ts";
import type { WantedExport } from "./load_plugin.ts";
import type { Surroundings } from "./plugin_surroundings.ts";
import type { ScratchFiles } from "./scratch_files.ts";

interface EntryParts {
  readonly files: ScratchFiles | undefined;
  readonly surroundings: string | undefined;
  readonly batches: boolean;
}

/** The thread's first module. Static imports load with the process's permission to read, so that the plugin needs none to be loaded. */
export function threadEntry(
  { module, name, version, ...target }: PluginTarget,
  { files, surroundings, batches }: EntryParts,
): string {
  const results = files && { folder: files.results, quota: files.quota };
  const source = [
    `import { startPlugin } from ${ownModule("plugin_thread")};`,
    ...(surroundings === undefined ? [] : [`import ${JSON.stringify(surroundings)};`]),
    `import * as plugin from ${JSON.stringify(module)};`,
    `startPlugin(plugin, ${JSON.stringify(wantedOf(target))}, ${JSON.stringify({ name, version, results, batches })});`,
  ];
  return `data:text/javascript,${encodeURIComponent(source.join("\n"))}`;
}

function wantedOf({ class: exportName, function: functionName, entry }: Omit<PluginTarget, "module" | "name" | "version">): WantedExport {
  if (entry !== undefined && entry !== null) return { kind: "entry", name: entry === true ? undefined : entry };
  return functionName === undefined || functionName === null
    ? { kind: "class", name: exportName || "default" }
    : { kind: "function", name: functionName };
}

/** A module that is evaluated before the plugin's. Secrets may be in it, which the URL of a `blob:` does not show in traces and keeps out of caches. */
export function surroundingsEntry({ env = {}, permissions }: PluginTarget): string | undefined {
  const surroundings: Surroundings = { variables: Object.entries(env), mayRun: permissions?.run !== undefined };
  if (surroundings.variables.length === 0 && !surroundings.mayRun) return undefined;
  const source = `import { surround } from ${ownModule("plugin_surroundings")};\nsurround(${JSON.stringify(surroundings)});`;
  return URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
}

/** One of the modules beside this one, whose names end in `.js` where this one is part of a bundle. */
function ownModule(name: string): string {
  const { url } = import.meta;
  return JSON.stringify(new URL(`./${name}${url.slice(url.lastIndexOf("."))}`, url).href);
}

const PERMISSION_NAMES = ["read", "write", "net", "env", "run", "ffi", "sys", "import"] as const;

/**
 * A key that a thread is not given would be inherited from the process. The thread reads its worker's inputs and writes its results, and may not do both
 * at one place: there `node:wasi` would make links for it, which Deno follows wherever they lead.
 */
export function threadPermissions(granted: PermissionSet = {}, files: ScratchFiles | undefined): Deno.PermissionOptionsObject {
  const all = Object.fromEntries(PERMISSION_NAMES.map((name) => [name, granted[name] ?? false]));
  return { ...all, read: withPath(granted.read, files?.inputs), write: withPath(granted.write, files?.results) };
}

function withPath(granted: true | readonly string[] | undefined, own: string | undefined): boolean | string[] {
  const paths = [...(granted === true ? [] : granted ?? []), ...(own === undefined ? [] : [own])];
  return granted === true || (paths.length > 0 && paths);
}
