/**
 * Helps a host program's tests: workers without a process, one that does what it should, and one that does what it should not.
 *
 * @module
 */
export { inMemoryWorker } from "./in_memory_worker.ts";
export type { InMemoryWorker, InMemoryWorkerOptions } from "./in_memory_worker.ts";
export { misbehavingWorker } from "./misbehaving_worker.ts";
export type { MisbehavingWorker, MisbehavingWorkerOptions, Misbehaviour, MisbehaviourStep } from "./misbehaving_worker.ts";
export type { WorkerInMemory } from "../plugin/interface.ts";
