/** `list`: which plugins there are. @module */
import type { PluginInfo } from "../../manager/info.ts";
import { type Context, problemText } from "../context.ts";
import { yellow } from "../output/painted.ts";

/** The options of `list`. */
export interface ListOptions {
  readonly names?: boolean;
  /** A plugin, whose arguments are listed instead. */
  readonly arguments?: string;
}

/** Lists the plugins in the folders. Manifests that cannot be used go to standard error. */
export async function list(context: Context, { names = false, arguments: reference }: ListOptions): Promise<void> {
  const { terminal } = context;
  if (reference !== undefined) return await listArguments(context, reference);
  await using manager = (await context.openManager()).manager;
  const plugins = manager.list();
  if (names) return plugins.forEach(({ name }) => terminal.result(name));
  if (terminal.json) terminal.result(plugins.map(describe));
  else if (plugins.length > 0) terminal.table({ headings: ["NAME", "VERSION", "RUNTIME", "MANIFEST"], rows: plugins.map(row) });
  else terminal.line(`No plugin in ${context.folders.join(", ")}. Make one with "remote-plugin new NAME", or give another --folder`);
  for (const problem of manager.problems) terminal.note(yellow(problemText(problem)));
}

/** For shells. Nothing is started. */
async function listArguments(context: Context, reference: string): Promise<void> {
  const { manager, plugin } = await context.openManager(reference);
  await using opened = manager;
  for (const flag of await context.knownArguments.of(opened.info(plugin).name)) context.terminal.result(flag);
}

/** A plugin as JSON. */
export function describe({ name, version, runtime, source, warnings }: PluginInfo): Record<string, unknown> {
  return { name, version, runtime, manifest: source, warnings };
}

function row({ name, version, runtime, source = "" }: PluginInfo): string[] {
  return [name, version, runtime, source];
}
