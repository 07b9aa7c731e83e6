/**
 * An operation on its way, as its dispatch knows it.
 *
 * @module
 */
import type { Call } from "./call.ts";
import type { Callbacks } from "./callbacks.ts";
import type { ClientOptions } from "./client_logs.ts";
import type { CallOptions } from "./interface.ts";
import type { LoadedWorker } from "./loaded_worker.ts";
import type { Entry } from "./ordered_list.ts";
import type { TakenOperation, TurnFacts } from "./sending.ts";
import type { CallTrace } from "./tracing.ts";
import type { MovableOptions } from "./unbegun.ts";

/** How one operation is run. */
export interface RunOptions extends CallOptions, ClientOptions, MovableOptions, TurnFacts {
  readonly trace?: CallTrace;
  /** The one worker that it is for, whatever follows it, and without a turn. Default: whichever worker the plugin has. */
  readonly on?: LoadedWorker;
}

/** An operation on its way. */
export interface Run extends TakenOperation {
  readonly call: Call;
  readonly options: RunOptions;
  /** Its place among all that are open; left out for what is one worker's alone. */
  readonly entry: Entry<Call> | undefined;
  /** Tells its client what it prints, where that is wanted. */
  readonly following: Disposable | undefined;
  /** Runs the functions that it was given; `undefined` where there are none. */
  readonly callbacks: Callbacks | undefined;
}
