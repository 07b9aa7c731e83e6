/**
 * Fetches a plugin's modules before its worker starts.
 *
 * @module
 */
import type { WorkerCommand } from "./command.ts";

/** Runs what a command has to be preceded by, if anything; aborting the signal ends it. Resolves with what went wrong. */
export async function fetchModules({ program, fetch, environment }: WorkerCommand, signal: AbortSignal): Promise<string | undefined> {
  if (fetch === undefined) return undefined;
  signal.throwIfAborted();
  const { success, stderr } = await new Deno.Command(program, {
    args: [...fetch],
    clearEnv: true,
    env: { ...environment },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal,
  }).output();
  signal.throwIfAborted();
  return success ? undefined : new TextDecoder().decode(stderr).trim();
}
