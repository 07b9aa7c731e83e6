/**
 * How a thread of a bridge begins: its first lines, and how its entry gives it its work.
 *
 * @module
 */
import { SENT } from "./channel.ts";
import type { BridgeEnd } from "./messages.ts";

/** Under this name the first lines leave what takes the entry's function. */
const OFFER = "@remote-plugin/proxy: what this thread serves";

/** What a thread does: it answers the requests that come by its end of the bridge. */
export type Serve = (end: BridgeEnd) => void;

type Scope = { [name: symbol]: ((serve: Serve) => never) | undefined };

/**
 * Called once at the end of the thread's entry, with what the thread is to do. Anywhere else it does nothing.
 *
 * In a thread it throws, so that no line behind it is run. In a bundle the entry is a part of the program's one module, and behind it stands the
 * program itself, which would start a thread of its own, and so on without an end.
 */
export function offerToThread(serve: Serve): void {
  (globalThis as unknown as Scope)[Symbol.for(OFFER)]?.(serve);
}

/**
 * The thread's first lines. What fails while the entry is loaded would be told by an event of the other thread, which nobody receives while it blocks;
 * so the import is dynamic, and its failure is a message like any other.
 */
export const FIRST_LINES = `
import { workerData } from "node:worker_threads";
const { entry, end } = workerData;
try {
  let serve;
  globalThis[Symbol.for("${OFFER}")] = (offered) => {
    serve = offered;
    throw new Error("The rest of this module is not for this thread");
  };
  await import(entry).catch((error) => {
    if (serve === undefined) throw error;
  });
  if (serve === undefined) throw new Error("its entry offers nothing to do");
  serve(end);
} catch (error) {
  const { port, counts } = end.answers;
  port.postMessage({ broken: error instanceof Error ? error.message : String(error) });
  Atomics.add(counts, ${SENT}, 1);
  Atomics.notify(counts, ${SENT});
}
`;
