/**
 * What becomes of things when garbage is collected, which a busy machine does at any moment.
 *
 * @module
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Collects all garbage now. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  // A weak reference that was made or read holds what it names until its turn of the event loop has ended.
  await new Promise((resolve) => setTimeout(resolve, 0));
  collect();
}
