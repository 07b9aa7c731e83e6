/**
 * Why a worker could not be started.
 *
 * @module
 */
import { type StartPhase, WorkerStartError } from "../errors.ts";
import type { PluginSpec } from "../manifest/manifest.ts";

/** What is known of a start that failed. */
export interface FailureFacts {
  readonly cause?: unknown;
  readonly exitCode?: number | null;
  readonly signal?: string | null;
  readonly output?: string;
}

/** The error of a start that failed: `what` tells why. */
export function startError(spec: PluginSpec, phase: StartPhase, what: string, facts: FailureFacts): WorkerStartError {
  return new WorkerStartError(`Cannot start "${spec.name}": ${what}`, { plugin: spec.name, phase, ...facts });
}
