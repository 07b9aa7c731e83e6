/**
 * What becomes of a call whose attempt has failed: it is sent again, or its caller is told why.
 *
 * @module
 */
import { isFileGone } from "../payload/file_result.ts";
import type { ErrorBody } from "../protocol/messages.ts";
import type { Call } from "./call.ts";
import { isBreach, isBroken, reportedError, transportError } from "./failures.ts";
import type { Workers } from "./workers.ts";

/** Stands for no failure: the call may be sent again. */
export const MAY_BE_SENT: unique symbol = Symbol("may be sent again");

/** The worker reported an error, which may have been made of another one. One whose plugin has ended its own thread is of no use any more, and ends like any that dies. */
export async function failed(call: Call, error: ErrorBody, origin?: unknown): Promise<void> {
  const cause = reportedError(error, call.name, origin);
  if (error.code !== "plugin_exit") throw cause;
  const worker = call.attempt?.worker;
  if (worker === undefined) return; // It has ended meanwhile, and the call is sent again.
  if (worker.process === undefined) throw cause;
  await worker.terminate({ why: `its plugin cannot go on: ${error.message}`, cause, isCrash: true });
}

/** What the caller is told of a call that has failed, or {@linkcode MAY_BE_SENT}. A worker that has broken the protocol is given up. */
export async function failureOf(call: Call, error: unknown, workers: Workers): Promise<unknown> {
  const isCut = isBroken(error) && !call.isAbandoned;
  // A worker's files go with it, and its end says more than that they are not there.
  const loss = isCut || isFileGone(error) ? await lossOf(call) : undefined;
  if (isCut && mayBeSent(call, loss)) return MAY_BE_SENT;
  if (call.isAbandoned) return call.signal.reason;
  const failure = loss ?? transportError(error, call.name);
  // A file that is gone was the plugin's to remove, and nobody reads what is not there.
  if (isBreach(failure) && !isFileGone(error) && call.attempt !== undefined) void workers.giveUp(call.attempt.worker, failure);
  return failure;
}

/** The end of the process says more than the broken connection. It is the call's error, or lets it be sent again. */
async function lossOf(call: Call): Promise<unknown> {
  const worker = call.attempt?.worker;
  const exit = await worker?.ending();
  if (call.loss !== undefined) return await call.loss;
  // Of a worker that has not taken its place yet nobody else tells.
  return exit && worker?.exitError(exit, [call.name.member]);
}

/** Whether nothing stands against another attempt of a call whose connection was lost. */
function mayBeSent(call: Call, loss: unknown): boolean {
  if (call.attempt === undefined) return true;
  if (loss !== undefined || !call.attempt.reply?.wasBehind) return false;
  // The worker lives, and has hung up.
  call.leave();
  return true;
}
