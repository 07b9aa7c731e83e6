/**
 * The folder in which the program keeps things from one run to the next.
 *
 * @module
 */
import { join, resolve } from "@std/path";
import { UsageError } from "../exit.ts";

/** The folder that the command line or the environment names, else one in the home folder, as XDG has it. */
export function stateFolder(named: string | undefined): string {
  if (named !== undefined) return resolve(named);
  const own = Deno.env.get("REMOTE_PLUGIN_HOME");
  if (own) return own;
  const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE");
  if (home === undefined) throw new UsageError("There is no home folder to keep things in. Give one as --state-dir");
  return join(Deno.env.get("XDG_STATE_HOME") || join(home, ".local", "state"), "remote-plugin");
}
