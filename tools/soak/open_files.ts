/**
 * What this process has open, as the system counts it.
 *
 * @module
 */
import { delay } from "@std/async";
import { capture } from "../run.ts";

/** By what a thread of the runtime is woken. Deno keeps that of the last one, and that of some of those that it has had to stop. */
const WAKERS: ReadonlySet<string> = new Set(["", "anon_inode:[eventfd]", "anon_inode:[eventpoll]"]);

/** What of this process the system counts, by kind; empty where it cannot be told. */
export async function openFiles(): Promise<Map<string, number>> {
  const { output } = await capture(["sh", "-c", `for f in /proc/${Deno.pid}/fd/*; do readlink "$f"; done`]);
  const kinds = output.trim().split("\n").filter((line) => !WAKERS.has(line)).map((line) =>
    /^(socket|pipe|anon_inode)/.exec(line)?.[0] ?? "file"
  );
  return new Map([...Map.groupBy(kinds, (kind) => kind)].map(([kind, all]) => [kind, all.length]));
}

/** Deno opens a pair of sockets for itself, once, when it first hears of a child's end by a signal. It is there before anything is counted. */
export function openSignalSockets(): void {
  if (Deno.build.os === "windows") return;
  const ignore = () => {};
  Deno.addSignalListener("SIGCHLD", ignore);
  Deno.removeSignalListener("SIGCHLD", ignore);
}

/** What there is more of than before; sockets are the connections to workers. */
function grown(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string[] {
  return [...after].flatMap(([kind, count]) => count > (before.get(kind) ?? 0) ? [`${kind}: ${before.get(kind) ?? 0}, now ${count}`] : []);
}

/** What stays open. The runtime closes a connection that the other side has closed when it comes to it, so that one look does not tell. */
export async function leftOpen(before: ReadonlyMap<string, number>): Promise<string[]> {
  for (let looks = 1;; looks++) {
    const left = grown(before, await openFiles());
    if (left.length === 0 || looks === 10) return left;
    await delay(500);
  }
}
