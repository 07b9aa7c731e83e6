/**
 * What goes wrong on a cluster, as the errors of a start.
 *
 * @module
 */
import { PluginError, type StartPhase, type WorkerStartError } from "../errors.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import { startError } from "../process/start_failure.ts";
import { type JobInfo, RayRefusedError, RayUnreachableError } from "./client.ts";
import { RayTokenError } from "./token.ts";

/** How much of what Ray says is told. Its end has the reason. */
const MOST_SAID = 2_000;

/** What each of Ray's words for a failure means, and what to do. */
const FAILURES: Readonly<Record<string, readonly [StartPhase, string]>> = {
  RUNTIME_ENV_SETUP_FAILURE: ["environment", "its environment cannot be made on the node"],
  JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE: ["admission", 'no node of the cluster has what it asks for. Correct "resources" of ray()'],
  JOB_SUPERVISOR_ACTOR_START_TIMEOUT: ["admission", "the cluster had no room for it in time"],
  JOB_SUPERVISOR_ACTOR_START_FAILURE: ["spawn", "the cluster cannot start its job"],
  JOB_SUPERVISOR_ACTOR_DIED: ["spawn", "its node was lost while it was started"],
  JOB_SUPERVISOR_ACTOR_UNKNOWN_FAILURE: ["spawn", "its job failed"],
  JOB_ENTRYPOINT_COMMAND_START_ERROR: ["spawn", "its job cannot be run on the node"],
  JOB_ENTRYPOINT_COMMAND_ERROR: ["spawn", "its agent ended on the node"],
};

/** A job that has ended before its worker was there. */
export function jobError(spec: PluginSpec, { id, status, message, errorType = "" }: JobInfo): WorkerStartError {
  const [phase, what] = FAILURES[errorType] ?? ["spawn", `its job ended as ${status}`];
  const said = message.trim().slice(-MOST_SAID);
  return startError(spec, phase, `${what}. Ray says of the job "${id}": ${said}`, { output: said });
}

/** What goes wrong in a start, as it is told; an abort and what is told already stay as they are. */
export function startErrorOf(spec: PluginSpec, error: unknown): unknown {
  if (error instanceof PluginError) return error;
  if (error instanceof RayUnreachableError) {
    return startError(spec, "spawn", `${error.message}. Look at "dashboard" of ray()`, { cause: error });
  }
  if (error instanceof RayRefusedError) return startError(spec, "spawn", refusal(error), { cause: error });
  if (error instanceof RayTokenError) return startError(spec, "spawn", error.message, { cause: error });
  return error;
}

function refusal({ status, message }: RayRefusedError): string {
  const told = `the cluster's dashboard refuses: ${message}`;
  if (status === 401) return `${told}. The cluster wants a token: give "token" to ray(), and see that its variable is set`;
  if (status === 403) return `${told}. Correct the "token" of ray()`;
  if (status === 404) return `${told}. Look at "dashboard" of ray()`;
  return told;
}
