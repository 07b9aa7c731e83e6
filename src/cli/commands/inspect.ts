/** `inspect`: what one plugin is. @module */
import type { Context } from "../context.ts";
import { describe } from "./list.ts";
import { showMethods } from "../output/methods.ts";
import { bold } from "../output/painted.ts";

/** Starts a plugin and tells its methods, its schema and configuration, what it needs, and what it uses. */
export async function inspect(context: Context, reference: string): Promise<void> {
  const { terminal, signal } = context;
  const { manager, plugin } = await context.openManager(reference);
  await using _manager = manager;
  const handle = manager.get(plugin);
  const began = performance.now();
  await manager.load(plugin);
  const startMs = Math.round(performance.now() - began);
  const [schema, signatures, config, stats] = await Promise.all([
    handle.getConfigSchema({ signal }),
    context.signaturesOf(manager, plugin),
    handle.getCurrentConfig({ signal }),
    handle.getStats({ signal }),
  ]);
  const memoryMb = Math.round(stats.memory_rss_mb);
  const facts = { ...describe(manager.info(plugin)), start_ms: startMs, memory_mb: memoryMb, config, config_schema: schema };
  if (terminal.json) return terminal.result({ ...facts, signatures });
  if (signatures !== undefined) showMethods(terminal, signatures);
  for (const [key, value] of Object.entries(facts)) {
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    const text = typeof value === "object" ? JSON.stringify(value, null, 2) : String(value);
    terminal.line(bold(key.replaceAll("_", " ").padEnd(14)), ` ${text}`);
  }
}
