/**
 * Makes a plugin's environment by `uv`.
 *
 * @module
 */
import { dirname } from "@std/path";
import { PluginError } from "../errors.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import { messageOf } from "../protocol/text.ts";
import { installCommand, isTooOld, requiredPython, type UvCommand, venvCommand, workingFolder } from "./commands.ts";
import { CACHE_ADVICE, environmentError, type EnvironmentOptions, type EnvironmentPhase } from "./environment.ts";
import { FileLock } from "./file_lock.ts";
import { type EnvironmentPlace, stateOf } from "./find.ts";
import type { EnvironmentForm } from "./inputs.ts";
import { removeLeft } from "./left.ts";
import { type Making, makingOf } from "./making.ts";
import { pythonVersion, writeStamp } from "./stamp.ts";
import { runSupervised } from "./supervised.ts";
import { findUv, type Uv } from "./uv.ts";
import { uvSays } from "./uv_says.ts";

/**
 * Makes a plugin's environment, unless another host does so meanwhile. It is made beside its place, with what it says of itself, and renamed when it is
 * whole: nobody ever finds a part of it.
 *
 * @param place Where it will be, as `findEnvironment()` tells.
 * @throws {WorkerStartError} When it cannot be made; it tells what `uv` said. Nothing of it is left then.
 */
export async function makeEnvironment(spec: PluginSpec, place: EnvironmentPlace, options: EnvironmentOptions = {}): Promise<void> {
  const making = makingOf(spec.name, options);
  const { signal, report } = making;
  const { inputs: { form }, folder } = place;
  demandRecentPython(form, making);
  try {
    Deno.mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
    const onWait = () => report({ phase: "wait", message: "Waiting for another start, which makes the same environment" });
    using _lock = await FileLock.take(`${folder}.lock`, { signal, onWait });
    if (stateOf(folder).state === "ready") return;
    await makeLocked(spec, { form, folder, making, compiles: isBounded(spec) });
  } catch (cause) {
    if (signal.aborted || !isOfSystem(cause)) throw cause;
    throw unwritable(cause, dirname(folder), making);
  }
}

/** A plugin that is bounded cannot write into its environment, so that Python would compile what it imports at each start. */
function isBounded({ runtime }: PluginSpec): boolean {
  return runtime.kind === "python" && (runtime.permissions !== undefined || runtime.isSandboxed);
}

/** Whether the system itself has refused something to this host. */
function isOfSystem(error: unknown): boolean {
  return error instanceof Error && /\(os error \d+\)/.test(error.message) && !(error instanceof PluginError);
}

function demandRecentPython(form: EnvironmentForm, { plugin }: Making): void {
  const required = requiredPython(form);
  if (required === undefined || !isTooOld(required)) return;
  throw environmentError(plugin, `it requires Python "${required}", and a worker runs on Python 3.8 or later. Nothing was installed`);
}

interface Target {
  readonly form: EnvironmentForm;
  readonly folder: string;
  readonly making: Making;
  readonly compiles: boolean;
}

async function makeLocked(spec: PluginSpec, { form, folder, making, compiles }: Target): Promise<void> {
  const uv = await findUv(making);
  await removeLeft(folder);
  const attempt = `${folder}.${crypto.randomUUID().slice(0, 8)}`;
  try {
    await fill({ form, folder: attempt, making, compiles }, uv);
    const madeFrom = form.kind === "inline" ? undefined : form.path;
    writeStamp(attempt, { plugin: spec.name, manifest: spec.source, madeFrom });
    // A damaged one is in the way. What still runs from it keeps what it has opened.
    await Deno.rename(folder, `${folder}.damaged`).catch(() => {});
    await Deno.rename(attempt, folder);
  } finally {
    await removeLeft(folder);
  }
}

/** The Python is looked at before anything is installed for it. */
async function fill(target: Target, uv: Uv): Promise<void> {
  const { form, folder, making, compiles } = target;
  await run(target, uv, { phase: "python", ...venvCommand(form, folder) });
  const version = pythonVersion(folder);
  if (isTooOld(version)) {
    throw environmentError(making.plugin, `its Python is ${version}, and a worker runs on Python 3.8 or later. Nothing was installed`);
  }
  const install = installCommand(form, folder, { compiles, wheelsOnly: making.wheelsOnly });
  if (install !== undefined) await run(target, uv, { phase: "packages", ...install });
}

/** What it says of the place, which is not the last one, and what people are to do there. */
const NOISE = /^(Creating virtual environment|Activate with|Using Python .* environment at)|^\s*$/;

type Step = UvCommand & { readonly phase: EnvironmentPhase };

async function run({ form, making }: Target, { command, python }: Uv, { phase, args, env }: Step): Promise<void> {
  const { plugin, signal, report } = making;
  report({ phase, message: phase === "python" ? "Choosing the Python" : "Installing the packages" });
  const outcome = await runSupervised(
    { command: [...command, ...args], python, cwd: workingFolder(form), env },
    { signal, onLine: (message) => NOISE.test(message) || report({ phase, message }) },
  );
  if (!outcome.success) throw environmentError(plugin, uvSays(outcome.output, making), { from: madeFrom(form), output: outcome.output });
}

function madeFrom(form: EnvironmentForm): string {
  return form.kind === "inline" ? "its manifest" : `"${form.path}"`;
}

function unwritable(cause: unknown, root: string, { plugin }: Making): Error {
  return environmentError(plugin, `"${root}" cannot be written to: ${messageOf(cause)}. Set ${CACHE_ADVICE}`, { cause });
}
