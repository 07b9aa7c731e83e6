/**
 * Threads that hold plugins and are ended at random.
 *
 * @module
 */
import { Worker as NodeWorker } from "node:worker_threads";
import { delay } from "@std/async";
import type { Manifest } from "@remote-plugin/proxy";
import type { SoakThreadPlan } from "./thread.ts";
import type { Tally } from "./load.ts";

const PROGRAM = new URL("thread.ts", import.meta.url);

/** The longest that a thread lasts once it has its plugin, in milliseconds. */
const LONGEST_MS = 200;

/** How long a thread may take to have its plugin, in milliseconds; it is not a measure, but what hangs has to show. */
const LIMIT_MS = 60_000;

/** Has a thread start the plugin and call it, and ends the thread while it does: by `terminate()`, by its own wish, or by an error of its own. */
export async function endThread(manifest: Manifest, scratchDir: string, tally: Tally): Promise<void> {
  const kind = oneOf("web", "node");
  const plan: SoakThreadPlan = {
    kind,
    blocking: oneOf(true, false),
    end: oneOf("terminate", "close", "throw"),
    manifest,
    options: { scratchDir },
    lastsMs: Math.random() * LONGEST_MS,
  };
  const name = `thread (${kind}${plan.blocking ? ", blocking" : ""}): ${plan.end}`;
  try {
    await lives(plan);
    tally.count(name);
  } catch (error) {
    tally.blame(name, error);
  }
}

async function lives(plan: SoakThreadPlan): Promise<void> {
  const { promise: holds, resolve, reject } = Promise.withResolvers<void>();
  const onMessage = (message: string) => message === "holds" ? resolve() : reject(new Error(message));
  const thread = plan.kind === "web" ? webThread(plan, onMessage) : nodeThread(plan, onMessage);
  const timer = setTimeout(() => reject(new Error(`No plugin within ${LIMIT_MS} ms`)), LIMIT_MS);
  try {
    await holds;
    // One that is terminated in the moment in which it exits Deno never ends.
    if (plan.end === "terminate") await delay(plan.lastsMs / 2);
    else await thread.ended;
  } finally {
    clearTimeout(timer);
    if (plan.end === "terminate") thread.terminate();
  }
}

interface Thread {
  terminate(): unknown;
  /** Settles when it has closed itself or thrown. */
  readonly ended: Promise<void>;
}

/** Nothing tells of the end of a Web Worker that closes itself. */
function webThread(plan: SoakThreadPlan, onMessage: (message: string) => void): Thread {
  const thread = new Worker(PROGRAM, { type: "module" });
  thread.onmessage = ({ data }: MessageEvent<string>) => onMessage(data);
  // One that throws does so on purpose.
  thread.onerror = (event) => event.preventDefault();
  thread.postMessage(plan);
  return { terminate: () => thread.terminate(), ended: delay(plan.lastsMs) };
}

function nodeThread(plan: SoakThreadPlan, onMessage: (message: string) => void): Thread {
  const thread = new NodeWorker(PROGRAM, { workerData: plan });
  thread.on("message", onMessage);
  thread.on("error", () => {});
  return { terminate: () => thread.terminate(), ended: new Promise((over) => thread.on("exit", () => over())) };
}

function oneOf<Choice>(...choices: readonly Choice[]): Choice {
  return choices[Math.floor(Math.random() * choices.length)]!;
}
