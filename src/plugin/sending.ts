/**
 * Sends an operation to a worker: writes what has to be a file there, and then the request.
 *
 * @module
 */
import { CallParts } from "../payload/call_parts.ts";
import { isFileGone } from "../payload/file_result.ts";
import type { OutgoingPart } from "../protocol/parts.ts";
import { isExecution, type Operation, type TakenBody } from "./arguments.ts";
import type { Call } from "./call.ts";
import { noFunctionsError } from "./failures.ts";
import type { CallOptions } from "./interface.ts";
import type { LoadedWorker } from "./loaded_worker.ts";
import type { TurnRequest } from "./send_queue.ts";
import { WrittenRequest } from "./written_request.ts";

/** An operation whose arguments are ready for the wire, but for what is to become a file. */
export interface TakenOperation {
  readonly endpoint: Operation["endpoint"];
  readonly taken: TakenBody;
}

/** An operation that may be followed. */
interface FollowedOperation extends TakenOperation {
  /** Whose lines somebody follows; left out where nobody does. */
  readonly following?: Disposable;
}

interface WrittenOperation extends FollowedOperation {
  /** Where its files are. */
  readonly paths?: readonly (string | null)[];
  /** What is sent behind the JSON. */
  readonly parts?: readonly OutgoingPart[];
}

const NO_PATHS: readonly string[] = [];

/** What is known of a call besides its caller's options. */
export interface TurnFacts {
  /** Whether the worker may have another call of the id that its caller has chosen. Default: false. */
  readonly isIdTaken?: boolean;
  /** Whether it is made within a callback of the same plugin's. Default: false. */
  readonly isWithinCallback?: boolean;
}

/**
 * A call that has files is sent when nothing is before it, for they take room. So is one whose id the worker may still have of another call, and one that
 * may not wait for its own caller.
 */
export function turnRequest({ length, slots }: TakenBody, { callId, isIdTaken, isWithinCallback }: CallOptions & TurnFacts): TurnRequest {
  const isAlone = slots.length > 0 || isIdTaken === true || isWithinCallback === true;
  return { length, isAlone, keepsId: callId !== undefined, isWithinCallback };
}

/** Sends it to the worker that it is assigned to; what has files, if that is still there when they are written. */
export function sendTo(worker: LoadedWorker, call: Call, operation: FollowedOperation): Promise<void> | undefined {
  if (operation.taken.functions.length > 0 && !worker.takesFunctions) throw noFunctionsError(call.name, worker.process !== undefined);
  if (operation.taken.slots.length > 0) {
    return worker.filesWay === "parts" ? sendWithParts(worker, call, operation) : sendWithFiles(worker, call, operation);
  }
  send(worker, call, operation);
  return undefined;
}

async function sendWithFiles(worker: LoadedWorker, call: Call, operation: FollowedOperation): Promise<void> {
  const paths = await writeInputs(worker, call, operation);
  if (paths !== undefined) send(worker, call, { ...operation, paths });
}

/** A place whose file goes behind the JSON holds nothing. */
async function sendWithParts(worker: LoadedWorker, call: Call, operation: FollowedOperation): Promise<void> {
  const inputs = new CallParts(call.signal);
  call.holdInputs(inputs);
  const opening = operation.taken.open(inputs, call);
  const parts = await (call.trace?.handOver(opening, inputs) ?? opening);
  send(worker, call, { ...operation, paths: parts.map(() => null), parts });
}

function send(worker: LoadedWorker, call: Call, { endpoint, taken, following, paths = NO_PATHS, parts }: WrittenOperation): void {
  const { id: callId, wantsProgress, sentTrace } = call;
  const wantsLogs = callId !== undefined && (worker.callLog?.isFollowed === true || (worker.tellsLines && following !== undefined));
  const facts = { endpoint, callId, files: worker.filesWay, parts, wantsProgress, wantsLogs, trace: sentTrace };
  call.trace?.send(worker, callId);
  call.send(worker, new WrittenRequest(facts, taken.json(paths)));
}

/** Writes the files that are in the arguments. A configuration's files stay for as long as the worker. `undefined` when that is gone. */
async function writeInputs(worker: LoadedWorker, call: Call, { endpoint, taken }: TakenOperation): Promise<readonly string[] | undefined> {
  try {
    const inputs = worker.files.openCall(call.signal);
    if (isExecution(endpoint)) call.holdInputs(inputs);
    else worker.files.keep(inputs);
    const writing = taken.write(inputs, call);
    return await (call.trace?.handOver(writing, inputs) ?? writing);
  } catch (error) {
    // A worker's folder goes with it. A call that may be sent again then is, with files for the next worker.
    if (!call.isAbandoned && isFileGone(error)) await worker.ending();
    if (call.isAbandoned || call.attempt?.worker === worker) throw error;
    return undefined;
  }
}
