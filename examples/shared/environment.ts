/**
 * What the examples with an environment share: they tell how it is made, and are skipped where it cannot be.
 *
 * @module
 */
import { type EnvironmentStep, WorkerStartError } from "@remote-plugin/proxy";
import { dim } from "./terminal.ts";

/** The exit code of an example that cannot run on this machine. */
const SKIPPED = 77;

/** Tells a step of the making. */
export function tellStep({ message }: EnvironmentStep): void {
  console.log(dim(message));
}

/** Runs an example to its end, or tells why the environment of its plugin cannot be made here: there may be no network. */
export async function orSkip(example: () => Promise<void>): Promise<void> {
  try {
    await example();
  } catch (error) {
    if (!(error instanceof WorkerStartError && error.phase === "environment")) throw error;
    console.log(`Skipped: ${error.message}`);
    Deno.exitCode = SKIPPED;
  }
}
