/**
 * Tells of starts that wait for others.
 *
 * @module
 */
import type { PluginManager } from "../../manager/plugin_manager.ts";
import type { Terminal } from "./terminal.ts";

/** Tells for what the starts of a manager's plugins wait, once each time that this is something else, until the manager ends. */
export async function noteQueues(manager: PluginManager, terminal: Terminal): Promise<void> {
  const told = new Map<string, string>();
  for await (const event of manager.events) {
    if (event.type === "starting") told.delete(event.plugin);
    if (event.type !== "queued" || told.get(event.plugin) === event.reason) continue;
    told.set(event.plugin, event.reason);
    terminal.note(`"${event.plugin}" waits to be placed: ${event.reason}`);
  }
}
