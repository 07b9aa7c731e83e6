/**
 * What becomes of edits while plugins are served.
 *
 * @module
 */
import type { PluginManager } from "../../manager/plugin_manager.ts";
import { messageOf } from "../../protocol/text.ts";
import { counted } from "../output/counted.ts";
import { red } from "../output/painted.ts";
import type { Terminal } from "../output/terminal.ts";

/** Tells of each plugin that is reloaded because its code was edited, and of each that could not be, until the manager ends. */
export async function tellReloads({ events }: PluginManager, terminal: Terminal): Promise<void> {
  const edited = new Map<string, readonly string[]>();
  for await (const event of events) {
    if (event.type === "edited") edited.set(event.plugin, event.files);
    const files = "plugin" in event ? edited.get(event.plugin) : undefined;
    if (files === undefined) continue;
    if (event.type === "reloaded") terminal.note(`${event.plugin}: reloaded, for ${whatChanged(files)} changed`);
    if (event.type === "kept") {
      terminal.note(`${event.plugin}: `, red("not reloaded"), `, the old workers go on. ${messageOf(event.error)}`);
    }
  }
}

function whatChanged(files: readonly string[]): string {
  return files.length === 1 ? `"${files[0]}" has` : files.length === 0 ? "its code has" : `${counted(files.length, "file")} have`;
}
