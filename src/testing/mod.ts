/**
 * Helps a host program's tests: a worker without a process.
 *
 * @module
 */
export { inMemoryWorker } from "./in_memory_worker.ts";
export type { InMemoryWorker, InMemoryWorkerOptions } from "./in_memory_worker.ts";
