/**
 * The environments that are there, and the removal of those that nobody uses.
 *
 * @module
 */
import { join } from "@std/path";
import { ifThere } from "../protocol/is_there.ts";
import { environmentsFolder } from "./environment.ts";
import { FileLock } from "./file_lock.ts";
import { stateOf } from "./find.ts";
import { removeLeft } from "./left.ts";
import { type EnvironmentStamp, readStamp, stampFile } from "./stamp.ts";

/** An environment that was made. */
export interface KeptEnvironment extends Pick<EnvironmentStamp, "plugin" | "manifest" | "madeFrom" | "python"> {
  /** Its folder. */
  readonly folder: string;
  /** Whether it can be used. */
  readonly state: "ready" | "damaged";
  /** The bytes of its files. Those that it shares with the cache of `uv` are counted too. */
  readonly bytes: number;
  /** When it was made. */
  readonly madeAt: Date;
  /** When a plugin was last started in it. */
  readonly usedAt: Date;
}

/** All environments, the one used last first. */
export async function keptEnvironments(): Promise<KeptEnvironment[]> {
  const root = environmentsFolder();
  if (root === undefined) return [];
  const kept = await Promise.all(foldersIn(root).map((name) => describe(join(root, name))));
  return kept.filter((one) => one !== undefined).sort((a, b) => b.usedAt.getTime() - a.usedAt.getTime());
}

/** Removes an environment, unless it was used after some moment, or is being made anew. True when it is gone. */
export async function removeUnused(folder: string, since: Date): Promise<boolean> {
  using lock = FileLock.tryTake(`${folder}.lock`);
  if (lock === undefined) return false;
  const used = await ifThere(Deno.stat(stampFile(folder)));
  if (used === undefined || used.mtime! > since) return false;
  // Nobody ever finds a part of it.
  await Deno.rename(folder, `${folder}.removed`);
  await removeLeft(folder);
  return true;
}

/** What hosts that were killed have left of environments that they were making, as long as nobody makes the same again. */
export async function removeAllLeft(): Promise<void> {
  const root = environmentsFolder();
  if (root === undefined) return;
  for (const name of new Set(namesIn(root).map((entry) => entry.split(".")[0]!))) {
    using lock = FileLock.tryTake(join(root, `${name}.lock`));
    if (lock !== undefined) await removeLeft(join(root, name));
  }
}

function foldersIn(root: string): string[] {
  return namesIn(root).filter((name) => !name.includes("."));
}

function namesIn(root: string): string[] {
  try {
    return [...Deno.readDirSync(root)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function describe(folder: string): Promise<KeptEnvironment | undefined> {
  const stamp = readStamp(folder);
  if (stamp === undefined) return undefined;
  const { plugin, manifest, madeFrom, python } = stamp;
  const { state } = stateOf(folder);
  const [made, used, bytes] = await Promise.all([
    ifThere(Deno.stat(join(folder, "pyvenv.cfg"))),
    ifThere(Deno.stat(stampFile(folder))),
    ifThere(bytesIn(folder)),
  ]);
  if (used === undefined || bytes === undefined) return undefined;
  return {
    plugin,
    manifest,
    madeFrom,
    python,
    folder,
    state: state === "ready" ? "ready" : "damaged",
    bytes,
    madeAt: (made ?? used).mtime ?? new Date(0),
    usedAt: used.mtime ?? new Date(0),
  };
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    bytes += isDirectory ? await bytesIn(path) : (await Deno.lstat(path)).size;
  }
  return bytes;
}
