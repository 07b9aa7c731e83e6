/** `mcp`: the plugins as tools of an editor or an assistant. @module */
import type { BoundsLevel } from "../../permissions/worker_grant.ts";
import { messageOf } from "../../protocol/text.ts";
import { type Context, problemText } from "../context.ts";
import { yellow } from "../output/painted.ts";
import { nonsenseText } from "../../mcp/nonsense.ts";
import { type RayCommandOptions, rayLaunchers } from "../serving/ray_options.ts";
import { readKeeping } from "../serving/keeping.ts";
import { tellReloads } from "../serving/reloads.ts";

/** The options of `mcp`. */
export interface McpCommandOptions extends RayCommandOptions {
  readonly save?: string;
  readonly replicas: string;
  readonly idle?: string;
  readonly logs?: boolean;
  readonly bounds?: BoundsLevel;
  readonly watch?: boolean;
}

/** Serves one client until it closes standard input. Standard output is the client's alone. */
export async function mcp(context: Context, reference: string | undefined, options: McpCommandOptions): Promise<void> {
  const { terminal, signal } = context;
  const managed = {
    ...readKeeping(options),
    ...await rayLaunchers(options),
    onLog: context.logWriter(options.logs ?? false),
    bounds: options.bounds,
  };
  const { manager, plugin } = await context.openManager(reference, {
    ...managed,
    watch: options.watch ?? "manifests",
    healthIntervalMs: 10_000,
  });
  await using _manager = manager;
  if (options.watch) void tellReloads(manager, terminal);
  const note = (text: string) => terminal.note(yellow(text));
  if (reference !== undefined) manager.info(plugin);
  for (const problem of manager.problems) note(problemText(problem));
  if (Deno.stdin.isTerminal()) note("Waiting for an MCP client on standard input. An editor or an assistant starts this program by itself");
  // A command that needs it loads it, for it takes a tenth of a second.
  const { serveOnStdio } = await import("../../mcp/stdio.ts");
  await serveOnStdio(manager, {
    only: reference === undefined ? undefined : plugin,
    folder: options.save,
    signal,
    onProblem: (name, error) => note(`"${name}" is no tool: ${messageOf(error)}`),
    onNonsense: (error) => note(`The client has sent something that is no message: ${nonsenseText(error)}`),
  });
}
