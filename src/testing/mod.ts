/**
 * For the tests of a host program: workers in memory, of which `inMemoryWorker` does what it should and `misbehavingWorker` what it should not; `chaos`
 * for any plugin; `recordPlugin` and `replayPlugin` for what a plugin has said.
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
export { chaos } from "./chaos.ts";
export type { Chaotic } from "./chaos.ts";
export type { ChaosFault, ChaosOptions } from "./fates.ts";
export type { AnyPlugin } from "./with_calls.ts";
export { recordPlugin } from "./recording/record_plugin.ts";
export type { RecordOptions } from "./recording/record_plugin.ts";
export { replayPlugin } from "./recording/replay_plugin.ts";
export type { ReplayOptions } from "./recording/replay_plugin.ts";
export { inMemoryWorker } from "./in_memory_worker.ts";
export type { InMemoryWorker, InMemoryWorkerOptions } from "./in_memory_worker.ts";
export { misbehavingWorker } from "./misbehaving_worker.ts";
export type { MisbehavingWorker, MisbehavingWorkerOptions, Misbehaviour, MisbehaviourStep } from "./misbehaving_worker.ts";
export type { WorkerInMemory } from "../plugin/interface.ts";
