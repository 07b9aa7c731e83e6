/**
 * Workers in memory for the tests of a host program. `inMemoryWorker` does what it should, and `misbehavingWorker` what it should not.
 *
 * @example
 * ```ts
 * import { RemotePluginProxy } from "@remote-plugin/proxy";
 * import { inMemoryWorker } from "@remote-plugin/proxy/testing";
 *
 * const shout = { execute: ({ text }: { text: string }) => text.toUpperCase() };
 * await using plugin = await RemotePluginProxy.attach(inMemoryWorker(shout));
 * console.log(await plugin.execute({ text: "hello" })); // "HELLO"
 * ```
 *
 * @module
 */
export { inMemoryWorker } from "./in_memory_worker.ts";
export type { InMemoryWorker, InMemoryWorkerOptions } from "./in_memory_worker.ts";
export { misbehavingWorker } from "./misbehaving_worker.ts";
export type { MisbehavingWorker, MisbehavingWorkerOptions, Misbehaviour, MisbehaviourStep } from "./misbehaving_worker.ts";
export type { WorkerInMemory } from "../plugin/interface.ts";
