/**
 * On which cores a measurement runs. How fast a machine wakes threads, and on which core, decides much of the time of a small call, so that a claim has to hold
 * wherever host and worker happen to be.
 *
 * @module
 */
import { capture } from "@remote-plugin/tools/run";

/** Where host and worker run: on one core, on two, or on two with a third process that never rests. */
export type Placement = "one" | "two" | "busy";

/** The cores that this program may use, the least first; `undefined` where there is no `taskset`. */
export async function usableCores(): Promise<readonly number[] | undefined> {
  const { code, stdout } = await capture(["taskset", "-c", "-p", String(Deno.pid)]);
  return code === 0 ? parseCores(stdout.slice(stdout.lastIndexOf(":") + 1)) : undefined;
}

/** Reads a list as `taskset` prints it, for example `0,2-4`. */
export function parseCores(list: string): number[] {
  return list.trim().split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, index) => first! + index);
  });
}

/** The cores of a placement; `undefined` when there are too few. Machines with more cores use two as well, so that a placement means the same on each. */
export function coresFor(placement: Placement, usable: readonly number[] | undefined): readonly number[] | undefined {
  const wanted = placement === "one" ? 1 : 2;
  return usable === undefined || usable.length < wanted ? undefined : usable.slice(0, wanted);
}

/** Moves processes to the given cores, with all their threads. What they start later stays there as well. */
export async function moveTo(cores: readonly number[], pids: readonly number[]): Promise<void> {
  await Promise.all(pids.map((pid) => moveOne(cores, pid)));
}

async function moveOne(cores: readonly number[], pid: number): Promise<void> {
  const { code, output } = await capture(["taskset", "-a", "-c", "-p", cores.join(","), String(pid)]);
  // What has ended meanwhile needs no place. Anything else would be measured somewhere else than the page says.
  if (code !== 0 && !output.includes("No such process")) throw new Error(`Cannot move process ${pid}: ${output.trim()}`);
}

/** A process that never rests. */
export class BusyProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  constructor(cores: readonly number[], python: string) {
    // It ends with its input, so that it does not outlive a bench that is killed.
    const program = "import os, threading\n" +
      "threading.Thread(target=lambda: (os.read(0, 1), os._exit(0)), daemon=True).start()\n" +
      "while True: pass";
    const args = ["-c", cores.join(","), python, "-c", program];
    this.#child = new Deno.Command("taskset", { args, stdin: "piped", stdout: "null", stderr: "null" }).spawn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.stdin.close().catch(() => {});
    await this.#child.status;
  }
}
