/**
 * A worker on a Ray cluster.
 *
 * @module
 */
import type { PluginSpec } from "../manifest/manifest.ts";
import { ChildWorker } from "../process/child_worker.ts";
import type { LaunchedWorker, WorkerPlacement } from "../process/launcher.ts";
import type { RunningChild } from "../process/running_child.ts";
import { within } from "../protocol/limit.ts";
import type { HelloMessage, PermissionSet } from "../protocol/messages.ts";
import type { AgentTarget } from "./agent_target.ts";

/** How long the end of a worker waits for a cluster that does not answer, in milliseconds. */
const PATIENCE_MS = 5_000;

/** What a worker is made of. */
export interface RayWorkerParts {
  readonly spec: PluginSpec;
  readonly hello: HelloMessage;
  readonly token: string;
  readonly permissions: PermissionSet | undefined;
  readonly warnings: readonly string[];
  readonly placement: WorkerPlacement;
  readonly running: RunningChild;
  readonly target: AgentTarget;
  /** Waits for the end of the job, and brings it about. */
  readonly endJob: () => Promise<void>;
}

/** A worker that listens on its node. */
export class RayWorker extends ChildWorker implements LaunchedWorker {
  readonly spec: PluginSpec;
  readonly hello: HelloMessage;
  readonly token: string;
  readonly permissions: PermissionSet | undefined;
  readonly warnings: readonly string[];
  readonly placement: WorkerPlacement;
  /** No folder is shared with a node. */
  readonly scratch = undefined;
  /** No other program has the secret. */
  readonly endpoint = undefined;
  readonly #running: RunningChild;
  readonly #target: AgentTarget;
  readonly #endJob: () => Promise<void>;

  /** Takes over what has been started. */
  constructor({ spec, hello, token, permissions, warnings, placement, running, target, endJob }: RayWorkerParts) {
    super(running);
    this.spec = spec;
    // Nobody could look at the worker's files from here, to use them for another value.
    this.hello = { ...hello, features: hello.features.filter((feature) => feature !== "reuse") };
    this.token = token;
    this.permissions = permissions;
    this.warnings = warnings;
    this.placement = placement;
    this.#running = running;
    this.#target = target;
    this.#endJob = endJob;
  }

  dial(): Promise<Deno.Conn> {
    return this.#target.dial();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    // Ray takes a minute to see that a node is gone.
    if (!this.#running.wasLost) await within(this.#endJob(), PATIENCE_MS);
  }
}
