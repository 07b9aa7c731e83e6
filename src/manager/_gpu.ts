/**
 * GPU memory by process, where a program tells it.
 *
 * @module
 */

/**
 * The GPU memory that each process uses, in MiB. Empty where there is no such program, or the host may not run it.
 *
 * @param program `nvidia-smi`, or what prints the same.
 */
export async function gpuMemoryByProcess(program: string): Promise<ReadonlyMap<number, number>> {
  if (Deno.permissions.querySync({ name: "run", command: program }).state !== "granted") return new Map();
  try {
    const args = ["--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"];
    const { stdout } = await new Deno.Command(program, { args, stdin: "null", stderr: "null" }).output();
    return parse(new TextDecoder().decode(stdout));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Map();
    throw error;
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
