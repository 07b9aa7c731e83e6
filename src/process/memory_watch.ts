/**
 * Whether the system has killed a process for want of memory.
 *
 * @module
 */
import { mayDoEverything } from "../permissions/required.ts";

/** Where Linux counts such kills, and how many there were. */
interface Count {
  readonly file: string;
  readonly kills: number;
}

/**
 * Compares how many processes of a control group the system has killed since this began; without such a count, how many of the whole system. A Python
 * worker's supervisor does the same for itself, and needs no permission for it: Deno reads `/proc` and `/sys` for programs that may do everything alone.
 */
export class MemoryWatch {
  readonly #before: Promise<Count | undefined>;

  private constructor(before: Promise<Count | undefined>) {
    this.#before = before;
  }

  /** Watches over a process; `undefined` where this host cannot. */
  static over(pid: number): MemoryWatch | undefined {
    if (Deno.build.os !== "linux" || !mayDoEverything()) return undefined;
    return new MemoryWatch(findCount(pid, ""));
  }

  /** The same with what another folder has in the place of the system's root. */
  static within(root: string): MemoryWatch {
    return new MemoryWatch(findCount("self", root));
  }

  /** Whether the count has grown. */
  async somebodyWasKilled(): Promise<boolean> {
    const before = await this.#before;
    return before !== undefined && (await readCount(before.file) ?? 0) > before.kills;
  }
}

/** The first count that there is: of the process's own group, else of the root, as which a container may see its group, else of the system. */
async function findCount(pid: number | "self", root: string): Promise<Count | undefined> {
  for (const file of await candidates(pid, root)) {
    const kills = await readCount(file);
    if (kills !== undefined) return { file, kills };
  }
  return undefined;
}

async function candidates(pid: number | "self", root: string): Promise<string[]> {
  const groups = (await readIfThere(`${root}/proc/${pid}/cgroup`)).split("\n").flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const place = path?.replace(/\/$/, "");
    if (controllers === "") return [`${place}/memory.events`, "/memory.events"];
    if (!controllers?.split(",").includes("memory")) return [];
    return [`/memory${place}/memory.oom_control`, "/memory/memory.oom_control"];
  });
  return [...groups.map((path) => `${root}/sys/fs/cgroup${path}`), `${root}/proc/vmstat`];
}

async function readCount(file: string): Promise<number | undefined> {
  const [, kills] = /^oom_kill (\d+)$/m.exec(await readIfThere(file)) ?? [];
  return kills === undefined ? undefined : Number(kills);
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch {
    return "";
  }
}
