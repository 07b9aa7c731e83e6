/**
 * The end of what a worker that was killed leaves behind.
 *
 * @module
 */
import { isGranted } from "../manifest/host_access.ts";

/** Sends SIGKILL to the process group in its argument. */
const HELPER = `data:text/javascript,${encodeURIComponent('Deno.kill(-Number(Deno.args[0]), "SIGKILL");')}`;

/**
 * Ends the process group that a Deno worker led and that has outlived it. A Python worker has a supervisor for that. Deno lets only those signal a group
 * who may run everything; a host that may not has another Deno do it, which it may run, for it has started the worker with it.
 */
export async function endGroup(leader: number): Promise<void> {
  if (Deno.build.os === "windows") return;
  if (isGranted({ name: "run" })) return killGroup(leader);
  const args = [
    "run",
    "--no-prompt",
    "--quiet",
    "--no-config",
    "--no-lock",
    "--no-remote",
    "--no-npm",
    "--allow-run",
    HELPER,
    String(leader),
  ];
  await new Deno.Command(Deno.execPath(), { args, clearEnv: true, stdin: "null", stdout: "null", stderr: "null" }).output();
}

function killGroup(leader: number): void {
  try {
    Deno.kill(-leader, "SIGKILL");
  } catch {
    // Nothing of it was left.
  }
}
