/**
 * GPU memory by process, where a program tells it.
 *
 * @module
 */

import { Limit } from "../protocol/limit.ts";

/** How long the program may take, in milliseconds: with a driver that hangs it hangs as well. */
const LIMIT_MS = 2_000;

/**
 * The GPU memory that each process uses, in MiB. Empty where there is no such program that answers, or the host may not run it.
 *
 * @param program `nvidia-smi`, or what prints the same.
 */
export async function gpuMemoryByProcess(program: string): Promise<ReadonlyMap<number, number>> {
  if (Deno.permissions.querySync({ name: "run", command: program }).state !== "granted") return new Map();
  try {
    const args = ["--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"];
    const silence = new AbortController();
    using _limit = new Limit(LIMIT_MS, () => silence.abort());
    const { signal } = silence;
    const { success, stdout } = await new Deno.Command(program, { args, stdin: "null", stderr: "null", signal }).output();
    return success ? parse(new TextDecoder().decode(stdout)) : new Map();
  } catch {
    return new Map(); // The other figures are worth telling without this one.
  }
}

/** A process with contexts on several GPUs has a line for each. */
function parse(table: string): Map<number, number> {
  const used = new Map<number, number>();
  for (const [, pid, mebibytes] of table.matchAll(/^\s*(\d+)\s*,\s*(\d+)/gm)) {
    used.set(Number(pid), (used.get(Number(pid)) ?? 0) + Number(mebibytes));
  }
  return used;
}
