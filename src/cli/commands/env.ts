/** `env`: the environments of Python plugins. @module */
import type { EnvironmentStep } from "../../environments/environment.ts";
import { type KeptEnvironment, keptEnvironments, removeAllLeft, removeUnused } from "../../environments/kept.ts";
import { isLockable, lockEnvironment } from "../../environments/lock.ts";
import { makeEnvironment } from "../../environments/make.ts";
import { loadManifest } from "../../manifest/load.ts";
import { type PlacedPlugin, placeOf, workerProgram } from "../../permissions/required.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../exit.ts";
import { duration, readDuration } from "../output/duration.ts";
import { yellow } from "../output/painted.ts";

/** `env list`: the environments that were made. */
export async function listEnvironments({ terminal }: Context): Promise<void> {
  const kept = await keptEnvironments();
  if (terminal.json) return terminal.result(kept);
  if (kept.length === 0) return terminal.line("No environment was made yet. The first start of a plugin with one makes it");
  terminal.table({ headings: ["PLUGIN", "PYTHON", "MiB", "AGE", "UNUSED", "FOLDER"], rows: kept.map(row) });
}

function row({ plugin, python, bytes, madeAt, usedAt, state, folder }: KeptEnvironment): string[] {
  const [age, unused] = [madeAt, usedAt].map((date) => duration(Date.now() - date.getTime()));
  return [plugin, python, megabytes(bytes), age!, unused!, state === "ready" ? folder : `${folder} (broken)`];
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}

/** `env sync`: makes a plugin's environment where it is not there, and tells its interpreter. */
export async function syncEnvironment(context: Context, reference: string): Promise<void> {
  const { terminal } = context;
  const plugin = await plugged(context, reference);
  const { name } = plugin.spec;
  const begun = performance.now();
  if (plugin.state !== "ready") {
    await makeEnvironment(plugin.spec, plugin, context.environmentOptions(name));
    terminal.note(`Made the environment of "${name}" in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  }
  const python = workerProgram(plugin.spec);
  terminal.result(terminal.json ? { plugin: name, folder: plugin.folder, python, made: plugin.state !== "ready" } : python);
}

/** `env lock`: writes down the versions of all packages, beside what the environment is made from. */
export async function lockPlugin(context: Context, reference: string, { upgrade = false }: { upgrade?: boolean }): Promise<void> {
  const { terminal } = context;
  const { spec, inputs: { form } } = await plugged(context, reference);
  if (!isLockable(form)) throw new UsageError(`The environment of "${spec.name}" can have no lock. ${UNLOCKABLE}`);
  const onEnvironment = ({ message }: EnvironmentStep) => terminal.progress(-1, message);
  const lock = await lockEnvironment(spec, form, { ...context.environmentOptions(spec.name), onEnvironment, upgrade });
  if (terminal.json) terminal.result({ plugin: spec.name, lock });
  else terminal.line(`Wrote ${lock}`);
}

const UNLOCKABLE = "Write the versions of all packages into it, or use script metadata or a project, which have a lock of their own";

/** `env prune`: removes the environments in which nobody has started a plugin for some time. */
export async function pruneEnvironments({ terminal, signal }: Context, { olderThan }: { olderThan: string }): Promise<void> {
  const since = new Date(Date.now() - readDuration(olderThan, "--older-than"));
  await removeAllLeft();
  const programs = await runningPrograms();
  const removed: KeptEnvironment[] = [];
  for (const kept of (await keptEnvironments()).filter(({ usedAt }) => usedAt <= since)) {
    signal.throwIfAborted();
    if (programs.includes(kept.folder)) terminal.note(yellow(`${kept.folder} stays: a worker of "${kept.plugin}" runs in it`));
    else if (await removeUnused(kept.folder, since)) removed.push(kept);
  }
  if (terminal.json) return terminal.result(removed);
  for (const { plugin, folder } of removed) terminal.line(`Removed ${folder}, of "${plugin}"`);
  const bytes = removed.reduce((sum, kept) => sum + kept.bytes, 0);
  terminal.line(removed.length === 0 ? "There is nothing to remove" : `${megabytes(bytes)} MiB are free`);
}

/** How the programs of this machine were called; nothing where that cannot be asked. */
async function runningPrograms(): Promise<string> {
  try {
    const { stdout } = await new Deno.Command("ps", { args: ["-A", "-o", "args="], stdin: "null", stderr: "null" }).output();
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** The plugin that is meant, with the place of its environment. */
async function plugged(context: Context, reference: string): Promise<PlacedPlugin> {
  const { manager, plugin } = await context.openManager(reference);
  await using _manager = manager;
  const spec = await loadManifest(manager.info(plugin).source!);
  const placed = await placeOf(spec);
  if (placed !== undefined) return placed;
  const now = spec.runtime.kind === "python" ? `It runs in that of "${spec.runtime.interpreter}"` : "It is a Deno plugin";
  throw new UsageError(`The manifest of "${spec.name}" names no "environment". ${now}`);
}
