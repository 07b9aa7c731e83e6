/** `run PLUGIN --help`: what one plugin takes, or one of its methods. @module */
import type { Context } from "../context.ts";
import type { SignaturesBody } from "../../protocol/messages.ts";
import { showMethods } from "../output/methods.ts";

/** Starts a plugin and tells its methods with their arguments, or one alone. */
export async function runHelp(context: Context, reference: string, method?: string): Promise<void> {
  const { terminal } = context;
  const { manager, plugin } = await context.openManager(reference);
  await using _manager = manager;
  const signatures = onlyMethod(await context.signaturesOf(manager, plugin), method);
  if (terminal.json) return terminal.result(signatures);
  if (signatures === undefined) terminal.line(`The worker of "${plugin}" does not tell what the plugin takes`);
  else showMethods(terminal, signatures);
  terminal.line("This program's own options: remote-plugin run --help");
}

/** What is told of the method of a name; of all where there is none of that name. */
function onlyMethod(signatures: SignaturesBody | undefined, name: string | undefined): SignaturesBody | undefined {
  const { methods = {} } = signatures ?? {};
  return name !== undefined && Object.hasOwn(methods, name) ? { methods: { [name]: methods[name]! } } : signatures;
}
