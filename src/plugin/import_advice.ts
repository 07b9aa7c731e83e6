/**
 * What to do about imports that cannot be found.
 *
 * @module
 */
import { dirname, fromFileUrl } from "@std/path";
import type { PluginSpec, PythonRuntime } from "../manifest/manifest.ts";

/** What to do about a module that a Python plugin lacks; `undefined` when its error says nothing of one. */
export function missingModuleAdvice(runtime: PythonRuntime, message: string): string | undefined {
  const [, missing] = /No module named '([\w.]+)'/.exec(message) ?? [];
  if (missing === undefined) return undefined;
  const [top, own] = [missing, runtime.module].map((name) => name.split(".")[0]);
  if (top === own) return `Put the folder of "${missing}" into "plugin_path"; it is ${runtime.path.join(", ")} now`;
  return `Install what has it there: ${howToInstall(runtime, top!)}`;
}

/** How to put a package where a plugin finds it: by `pip`, or by what its environment is made from. */
export function howToInstall({ interpreter, environment }: PythonRuntime, requirement: string, { anew = false } = {}): string {
  if (environment === undefined) return `${interpreter} -m pip install ${anew ? "--upgrade " : ""}${requirement}`;
  const where = environment.kind === "path" ? `"${environment.path}"` : 'the manifest\'s "environment"';
  return `name ${requirement} in ${where}`;
}

/** The same as it goes on from a message; nothing where there is none. */
export function missingAdvice(runtime: PythonRuntime, message: string): string {
  const advice = missingModuleAdvice(runtime, message);
  return advice === undefined ? "" : `. ${advice}`;
}

/** What goes on from the message of an import that failed, where something can be done about it. */
export function importAdvice({ runtime }: PluginSpec, message: string): string {
  if (runtime.kind === "python") return missingAdvice(runtime, message);
  // Deno's own message leaves out that the host may not read the file that may say what the imported name stands for.
  if (!runtime.module.startsWith("file:") || !message.includes("not a dependency and not in import map")) return "";
  const path = dirname(fromFileUrl(runtime.module));
  if (Deno.permissions.querySync({ name: "read", path }).state === "granted") return "";
  return `. The host may not read "${path}", where a "deno.json" may say what that is: add --allow-read=${path}`;
}
