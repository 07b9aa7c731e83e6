/**
 * Where results are kept.
 *
 * @module
 */
import { ensureDir, exists } from "@std/fs";
import { dirname } from "@std/path";
import { pathOf } from "@remote-plugin/tools/registry";
import { PEERS } from "./peers.ts";
import type { Mode } from "./plan.ts";
import type { Results } from "./results.ts";

/** What is kept: a bench of the peers, or that of the gateway. */
export type Kept = Mode | "gateway";

/** The results that the pages are written from are part of the project; others are for whoever makes them. */
export function resultsFile(kept: Kept): string {
  return pathOf(kept === "full" || kept === "gateway" ? `bench/results/${kept}.json` : `out/bench/${kept}.json`);
}

/** The results that are there. */
export async function readResults(kept: Kept): Promise<Results | undefined> {
  if (!await exists(resultsFile(kept))) return undefined;
  return JSON.parse(await Deno.readTextFile(resultsFile(kept)));
}

/** Keeps results, known peers in the order of the page, the values of one step in a line. */
export async function writeResults(kept: Kept, results: Results): Promise<void> {
  const path = resultsFile(kept);
  await ensureDir(dirname(path));
  const known = PEERS.map(({ name }) => name).filter((name) => name in results.peers);
  const names = new Set([...known, ...Object.keys(results.peers)]);
  const ordered = { ...results, peers: Object.fromEntries([...names].map((name) => [name, results.peers[name]])) };
  const text = JSON.stringify(ordered, null, 2).replace(/\[\s+([^\]]*?)\s+\]/g, (_, list: string) => `[${list.replace(/\s+/g, " ")}]`);
  await Deno.writeTextFile(path, `${text}\n`);
}
