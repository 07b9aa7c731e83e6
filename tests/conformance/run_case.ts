/**
 * Runs a vector on a worker of its own.
 *
 * @module
 */
import { Launched } from "./launch.ts";
import { runSteps } from "./run_vector.ts";
import type { Case } from "./vector.ts";

/** Starts the worker, runs the vector's steps, and ends the worker. */
export async function runAlone(entry: Case): Promise<void> {
  const launched = await Launched.start(entry);
  const failures: unknown[] = [];
  await runSteps(entry.vector.steps, launched, entry.wire).catch((error) => failures.push(error));
  // Whatever the steps have shown, the worker has to end; but a step that failed is the better news.
  await launched[Symbol.asyncDispose]().catch((error) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}
