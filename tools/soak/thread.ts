/**
 * What runs in a thread of the soak: it holds a plugin and calls it until somebody ends it.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { delay } from "@std/async";
import { type Manifest, RemotePluginProxy, RemotePluginProxySync, type SyncStartOptions } from "@remote-plugin/proxy";

/** What a thread is, and what it does. */
export interface SoakThreadPlan {
  readonly kind: "web" | "node";
  readonly blocking: boolean;
  readonly end: "terminate" | "close" | "throw";
  readonly manifest: Manifest;
  readonly options: SyncStartOptions;
  /** How long it calls its plugin before it ends itself, in milliseconds. */
  readonly lastsMs: number;
}

/** How long it pauses between two calls, in milliseconds. A Web Worker that never comes back to its event loop cannot be ended. */
const PAUSE_MS = 2;

const web = globalThis as unknown as Pick<Worker, "onmessage" | "postMessage">;

function planSent(): Promise<SoakThreadPlan> {
  return new Promise((resolve) => web.onmessage = ({ data }: MessageEvent<SoakThreadPlan>) => resolve(data));
}

const plan: SoakThreadPlan = workerData ?? await planSent();

function tell(word: "holds" | Error): void {
  const message = word instanceof Error ? word.stack : word;
  if (plan.kind === "node") parentPort!.postMessage(message);
  else web.postMessage(message);
}

function end(): void {
  if (plan.end === "throw") throw new Error("on purpose");
  if (plan.end === "close") plan.kind === "web" ? self.close() : globalThis.process.exit(0);
}

function starting(): PluginCalls | Promise<PluginCalls> {
  const { blocking, manifest, options } = plan;
  return blocking ? RemotePluginProxySync.start(manifest, options) : RemotePluginProxy.start(manifest, options);
}

interface PluginCalls {
  execute(kwargs: Record<string, unknown>): unknown;
}

async function main(): Promise<void> {
  const plugin = await starting();
  tell("holds");
  setTimeout(end, plan.lastsMs);
  while (true) {
    if (await plugin.execute({ value: 7 }) !== 7) throw new Error("A call in a thread got the wrong answer");
    await delay(PAUSE_MS);
  }
}

main().catch(tell);
