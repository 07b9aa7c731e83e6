/**
 * Lets a host die in the middle of a call.
 *
 * @module
 */
import { type Manifest, requiredPermissions, type StartOptions } from "@remote-plugin/proxy";
import { eventually } from "./guard.ts";
import { PrintedLines } from "./printed_lines.ts";
import { hostArguments, hostProgram } from "./run_host.ts";

/** Starts a host of the fixture `holds`, kills it with SIGKILL, and gives its worker's pid. */
export async function killHost(manifest: Manifest, options: StartOptions): Promise<number> {
  const args = [manifest, options, { hold: "it" }].map((arg) => JSON.stringify(arg));
  const command = [...hostArguments(), "--allow-all", hostProgram("holds_call"), ...args];
  const host = new Deno.Command(Deno.execPath(), { args: command, stdin: "null", stdout: "piped", stderr: "null" }).spawn();
  const lines = new PrintedLines(host.stdout);
  try {
    return Number(await lines.next("the process of its worker"));
  } finally {
    host.kill("SIGKILL");
    await host.status;
    await lines.cancel();
  }
}

/** Starts a host that waits for a call, kills it with SIGKILL once `started` has come true, and gives its worker's pid. */
export async function killHostInCall(manifest: Manifest, kwargs: Record<string, unknown>, started: () => boolean): Promise<number> {
  const scratchDir = await Deno.makeTempDir({ prefix: "killed-" });
  const flags = (await requiredPermissions(manifest, { scratchDir })).toFlags();
  const args = [
    ...hostArguments(),
    ...flags,
    hostProgram("holds_call"),
    ...[manifest, { scratchDir }, kwargs].map((arg) => JSON.stringify(arg)),
  ];
  const host = new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "piped", stderr: "null" }).spawn();
  const lines = new PrintedLines(host.stdout);
  try {
    const pid = Number(await lines.next("the process of its worker"));
    await eventually(started, "the call to begin");
    return pid;
  } finally {
    host.kill("SIGKILL");
    await host.status;
    await lines.cancel();
    await Deno.remove(scratchDir, { recursive: true });
  }
}
