/** `run PLUGIN --help`: what one plugin takes. @module */
import type { Context } from "../context.ts";
import { showMethods } from "../output/methods.ts";

/** Starts a plugin and tells its methods with their arguments. */
export async function runHelp(context: Context, reference: string): Promise<void> {
  const { terminal } = context;
  const { manager, plugin } = await context.openManager(reference);
  await using _manager = manager;
  const signatures = await context.signaturesOf(manager, plugin);
  if (terminal.json) return terminal.result(signatures);
  if (signatures === undefined) terminal.line(`The worker of "${plugin}" does not tell what the plugin takes`);
  else showMethods(terminal, signatures);
  terminal.line("This program's own options: remote-plugin run --help");
}
