/**
 * Finds `uv`, or brings it.
 *
 * @module
 */
import { dirname } from "@std/path";
import { hostVariable } from "../manifest/host_access.ts";
import { messageOf } from "../protocol/text.ts";
import { OLDEST } from "./commands.ts";
import { environmentError } from "./environment.ts";
import { FileLock } from "./file_lock.ts";
import { removeLeft } from "./left.ts";
import { type CommandLine, runSupervised } from "./supervised.ts";
import type { Making } from "./making.ts";
import { broughtUv, mayRun, PYTHON, UV_VERSION, uvFolder } from "./uv_place.ts";

/** `uv`, and the Python that runs its supervisor. */
export interface Uv {
  /** How it is called, and whether it may fetch anything. */
  readonly command: CommandLine;
  /** How the Python is called. */
  readonly python: CommandLine;
}

const WHERE_TO_GET = "Install uv (https://docs.astral.sh/uv/), or set UV to its path";

/**
 * Finds `uv`: by the variable `UV`, on `PATH`, where an earlier host has brought it to, or as a module of the Python on `PATH`. Else `pip` brings it.
 *
 * @throws {WorkerStartError} When there is none and none can be brought.
 */
export async function findUv(making: Making): Promise<Uv> {
  const named = hostVariable("UV");
  if (named !== undefined) {
    const complaint = await complaintOf([named]);
    if (complaint === undefined) return uvOf([named], making);
    throw environmentError(making.plugin, `"${named}", which the variable UV names, cannot be run: ${complaint}. Correct UV, or unset it`);
  }
  const brought = broughtUv();
  const ways: CommandLine[] = [["uv"], ...(brought === undefined ? [] : [[brought] as const]), [PYTHON, "-m", "uv"]];
  for (const way of ways) if (mayRun([way[0]]) && await complaintOf(way) === undefined) return uvOf(way, making);
  return uvOf([await bringUv(making)], making);
}

/** Any Python that `uv` finds runs the supervisor, and the one that brought `uv` or has it as a module does so at once. */
function uvOf([program, ...args]: CommandLine, { offline }: Making): Uv {
  const command: CommandLine = [program, ...args, ...(offline ? ["--offline"] : [])];
  const ownPython: CommandLine = [...command, "run", "--no-project", "--quiet", "--python", OLDEST, "python"];
  return { command, python: args.length > 0 ? [program] : ownPython };
}

/** Why it does not run; `undefined` when it does. */
async function complaintOf([program, ...args]: CommandLine): Promise<string | undefined> {
  try {
    const { success, stderr } = await new Deno.Command(program, { args: [...args, "--version"], stdin: "null", stdout: "null" }).output();
    return success ? undefined : new TextDecoder().decode(stderr).trim();
  } catch (error) {
    return messageOf(error);
  }
}

/** A pinned version into a folder of its own. */
async function bringUv(making: Making): Promise<string> {
  const { plugin, signal, offline, report } = making;
  const [folder, program] = [uvFolder(), broughtUv()];
  if (folder === undefined || program === undefined) throw environmentError(plugin, `there is no "uv". ${WHERE_TO_GET}`);
  if (offline) throw environmentError(plugin, `there is no "uv", and it cannot be brought offline. ${WHERE_TO_GET}`);
  Deno.mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
  const onWait = () => report({ phase: "wait", message: "Waiting for another start, which brings uv" });
  using _lock = await FileLock.take(`${folder}.lock`, { signal, onWait });
  if (await complaintOf([program]) !== undefined) await installUv(folder, making);
  return program;
}

/** It is renamed when it is whole. One that does not run is in the way. */
async function installUv(folder: string, { plugin, signal, report }: Making): Promise<void> {
  report({ phase: "uv", message: `Bringing uv ${UV_VERSION} by pip` });
  await removeLeft(folder);
  const attempt = `${folder}.${crypto.randomUUID()}`;
  const command: CommandLine = [PYTHON, "-m", "pip", "install", ...PIP_FLAGS, "--target", attempt, `uv==${UV_VERSION}`];
  try {
    const onLine = (message: string) => report({ phase: "uv", message });
    const { success, output } = await runSupervised({ command, python: [PYTHON] }, { signal, onLine });
    if (!success) {
      throw environmentError(plugin, `there is no "uv", and pip does not bring it: ${lastLine(output)}. ${WHERE_TO_GET}`, { output });
    }
    await Deno.rename(folder, `${folder}.broken`).catch(() => {});
    await Deno.rename(attempt, folder);
  } finally {
    await removeLeft(folder);
  }
}

/** It is one program, and nothing of it is to be compiled or built. */
const PIP_FLAGS = ["--only-binary", ":all:", "--no-deps", "--no-compile"];

function lastLine(output: string): string {
  const lines = output.trim().split("\n");
  return lines.findLast((line) => /^error/i.test(line)) ?? lines.at(-1)!;
}
