/** `list`: which plugins there are. @module */
import type { PluginInfo } from "../../manager/info.ts";
import { type Context, problemText } from "../context.ts";
import { yellow } from "../output/painted.ts";

/** Lists the plugins in the folders. Manifests that cannot be used go to standard error. */
export async function list(context: Context, { names = false }: { names?: boolean }): Promise<void> {
  const { terminal } = context;
  await using manager = (await context.openManager()).manager;
  const plugins = manager.list();
  if (names) return plugins.forEach(({ name }) => terminal.result(name));
  if (terminal.json) terminal.result(plugins.map(describe));
  else if (plugins.length > 0) terminal.table({ headings: ["NAME", "VERSION", "RUNTIME", "MANIFEST"], rows: plugins.map(row) });
  else terminal.line(`No plugin in ${context.folders.join(", ")}. Make one with "remote-plugin new NAME", or give another --folder`);
  for (const problem of manager.problems) terminal.note(yellow(problemText(problem)));
}

/** A plugin as JSON. */
export function describe({ name, version, runtime, source, warnings }: PluginInfo): Record<string, unknown> {
  return { name, version, runtime, manifest: source, warnings };
}

function row({ name, version, runtime, source = "" }: PluginInfo): string[] {
  return [name, version, runtime, source];
}
