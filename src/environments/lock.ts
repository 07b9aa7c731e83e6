/**
 * Locks what an environment is made from.
 *
 * @module
 */
import { dirname, join } from "@std/path";
import { WorkerStartError } from "../errors.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import type { EnvironmentOptions } from "./environment.ts";
import type { EnvironmentForm } from "./inputs.ts";
import { makingOf } from "./making.ts";
import { runSupervised } from "./supervised.ts";
import { findUv } from "./uv.ts";
import { uvSays } from "./uv_says.ts";

/** The forms that can have a lock. */
export type LockableForm = Extract<EnvironmentForm, { kind: "script" | "project" }>;

/** What locking depends on besides the manifest. */
export interface LockOptions extends EnvironmentOptions {
  /** Whether versions that are locked already are looked for anew. Default: `false`. */
  readonly upgrade?: boolean;
}

/** Whether an environment can have a lock. */
export function isLockable(form: EnvironmentForm): form is LockableForm {
  return form.kind === "script" || form.kind === "project";
}

/**
 * Finds the versions of all packages of an environment, and writes them down beside what it is made from: for all systems, and with what the packages have
 * to be, byte by byte. Gives the lock's path.
 *
 * @throws {WorkerStartError} When `uv` cannot do it.
 */
export async function lockEnvironment(
  { name }: PluginSpec,
  form: LockableForm,
  { upgrade = false, ...options }: LockOptions = {},
): Promise<string> {
  const making = makingOf(name, options);
  const { command, python } = await findUv(making);
  const { args, lock } = lockCommand(form);
  const flags = upgrade ? ["--upgrade"] : [];
  // It leaves a file in the folder for temporary ones.
  const temp = await Deno.makeTempDir({ prefix: "remote-plugin-lock-" });
  try {
    const { success, output } = await runSupervised(
      { command: [...command, ...args, ...flags], python, cwd: dirname(form.path), env: { TMPDIR: temp } },
      { signal: making.signal, onLine: (message) => making.report({ phase: "packages", message }) },
    );
    if (success) return lock;
    throw new WorkerStartError(`Cannot lock the environment of "${name}" from "${form.path}": ${uvSays(output)}`, {
      plugin: name,
      phase: "environment",
      output,
    });
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
}

function lockCommand({ kind, path }: LockableForm): { args: string[]; lock: string } {
  if (kind === "script") return { args: ["lock", "--script", path], lock: `${path}.lock` };
  return { args: ["lock", "--project", dirname(path)], lock: join(dirname(path), "uv.lock") };
}
