/** `config`: shows and sets a plugin's configuration. @module */
import { readPairs } from "../arguments/read_arguments.ts";
import type { Context } from "../context.ts";

/** Without settings shows the configuration; with some, checks them by the plugin's schema, and keeps them for every later start. */
export async function config(
  context: Context,
  reference: string,
  { settings, reset }: { settings: string[]; reset: boolean },
): Promise<void> {
  const { terminal, signal } = context;
  const { manager, plugin } = await context.openManager(reference);
  await using _manager = manager;
  if (settings.length > 0 || reset) {
    const before = reset ? {} : await manager.getConfig(plugin) ?? {};
    const schema = settings.length === 0 ? {} : await manager.get(plugin).getConfigSchema({ signal });
    await manager.configure(plugin, { ...before, ...readPairs(settings, schema) }, { signal });
  }
  const kept = await manager.getConfig(plugin);
  if (kept === undefined && !terminal.json) {
    terminal.note(`"${plugin}" was given no configuration. Set it with: config ${plugin} name=value`);
  }
  terminal.result(kept ?? {});
}
