/**
 * Spawns a worker's process.
 *
 * @module
 */
import type { PluginSpec } from "../manifest/manifest.ts";
import { WRAPPER } from "../permissions/required.ts";
import type { WorkerCommand } from "./command.ts";
import { messageOf } from "../protocol/text.ts";
import { startError } from "./start_failure.ts";
import { commandComplaint } from "./start_size.ts";

/**
 * Spawns the program that is a plugin's worker.
 *
 * @throws {WorkerStartError} When the system does not start it.
 */
export function spawn(spec: PluginSpec, command: WorkerCommand): Deno.ChildProcess {
  try {
    return new Deno.Command(command.program, {
      args: [...command.args],
      cwd: spec.cwd,
      clearEnv: true,
      env: { ...command.environment },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      // A group of its own, so that a terminal's Ctrl-C reaches the host alone, which then ends the worker in order.
      detached: true,
    }).spawn();
  } catch (cause) {
    throw startError(spec, "spawn", complaint(spec, command, cause), { cause });
  }
}

function complaint(spec: PluginSpec, command: WorkerCommand, cause: unknown): string {
  const advice = adviceFor(spec, command);
  if (!(cause instanceof Deno.errors.NotFound)) return commandComplaint(command, cause) ?? `${refusal(command, cause)}${advice}`;
  // Deno has one kind of error for both, and tells them apart in its text alone.
  if (/: (No such cwd|cwd is not a directory)/.test(cause.message)) {
    return `there is no folder "${spec.cwd}". Make it, or correct "cwd" in its manifest`;
  }
  return `there is no program "${command.program}"${advice}`;
}

function adviceFor({ runtime }: PluginSpec, { program, isSandboxed }: WorkerCommand): string {
  if (runtime.kind === "deno" && program === WRAPPER) return '. Install Python 3.8 or later, or start it without bounds: "kernel"';
  if (isSandboxed) return '. Install bubblewrap, or remove "sandbox" from its manifest';
  return runtime.kind === "python" ? '. Correct "python_path" in its manifest' : "";
}

function refusal({ program }: WorkerCommand, cause: unknown): string {
  const why = messageOf(cause).replace(/^Failed to spawn '.*': /s, "");
  return `the program "${program}" cannot be run: ${isFolder(program) ? "it is a folder" : why}`;
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false; // Not for this host to look at.
  }
}
