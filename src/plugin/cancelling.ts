/**
 * Ends calls that nobody waits for any more, rung by rung.
 *
 * @module
 */
import type { ErrorFrame, ResultFrame } from "../protocol/frames.ts";
import { isRecord } from "../protocol/json.ts";
import { CANCEL_GRACE_MS } from "../process/start_message.ts";
import { Limit } from "../protocol/limit.ts";
import { pause } from "../protocol/timer.ts";
import type { LoadedWorker } from "./loaded_worker.ts";
import { Reply } from "./reply.ts";
import type { Turn } from "./turn.ts";

/** One rung of the ladder. */
export interface Rung {
  /** Who takes it. */
  readonly by: "host" | "worker";
  /** When, counted from the abort, in milliseconds. The last one counts from the worker's answer that it has been told. */
  readonly afterMs: number;
}

/** The ladder of a cancellation, from its first rung to its last. */
export const LADDER = {
  /** The caller gets the signal's reason, or the limit's error: {@linkcode Call.abandon}. */
  answer: { by: "host", afterMs: 0 },
  /** The worker is asked to end the call. It tells the plugin's code, which may end by itself. */
  ask: { by: "host", afterMs: 0 },
  /** A Python worker raises an exception in the plugin's code. */
  interrupt: { by: "worker", afterMs: CANCEL_GRACE_MS },
  /** The host ends the worker. That long a plugin has for clearing up, unless `cancelBudgetMs` says otherwise. */
  terminate: { by: "host", afterMs: 2_000 },
} as const satisfies Record<string, Rung>;

/** When a worker is asked for the first time whether it knows of a call by now, or has let go of it, in milliseconds. Doubles each time, up to the longest. */
const REPEAT_MS = { first: 10, longest: 320 } as const;

/** A call under way in a worker. */
export interface SentCall {
  readonly worker: Pick<LoadedWorker, "send" | "terminate" | "notices">;
  readonly reply: Reply;
  /** When the worker comes to it; left out where nothing is before it. */
  readonly turn?: Pick<Turn, "isFirst" | "whenFirst">;
  /** The id under which the worker knows it; `undefined` for a question, whose connection is dropped. */
  readonly id: string | undefined;
  readonly member: string;
}

/** A call of which the worker has let go. */
export interface Remains {
  /** Resolves when nothing more comes of it, and the files are gone that nobody has taken. */
  readonly drained: Promise<void>;
}

/**
 * Takes the rungs that follow the caller's answer: asks the worker to end the call, and ends the worker when it does not within the budget. What the
 * call had sent by then is read behind the caller's back, for it may hold files; on a busy host that can be seconds of a stream, which are no fault of
 * the plugin's.
 *
 * @returns When the plugin's code has really finished, or its worker has ended.
 */
export async function cancelInWorker(call: SentCall, budgetMs: number): Promise<Remains> {
  const { reply, worker, member } = call;
  const rest = readRest(reply);
  await comesToIt(call, rest);
  if (reply.ended) return { drained: reply.discarded() };
  const hasLetGo = await isLetGo(call, { rest, budgetMs });
  if (!hasLetGo) reply.drop();
  const drained = drain(reply, { rest, budgetMs });
  const why = `"${member}" had been cancelled and did not stop within ${budgetMs} ms`;
  if (!hasLetGo) await worker.terminate({ why, isCrash: false });
  return { drained };
}

/** What is waited for, and how long. */
interface Wait {
  /** Resolves at the end of the reply. */
  readonly rest: Promise<void>;
  readonly budgetMs: number;
}

/**
 * Whoever is behind another call is told, so that the worker does not run it, and then waited for: only from the moment in which the worker comes to a call
 * it can take too long to end it.
 */
async function comesToIt({ worker, turn, id }: SentCall, rest: Promise<void>): Promise<void> {
  if (turn === undefined || turn.isFirst || id === undefined) return await othersAreTold(worker, rest);
  worker.notices.add(new Reply(worker.send({ endpoint: "cancel", body: { call_id: id, ahead: true } })).last());
  await Promise.race([turn.whenFirst, rest]);
}

/**
 * Waits until a worker has heard which calls that wait are cancelled, or the call before them has ended. The worker would begin with the next one if it let
 * go of that call before.
 */
export async function othersAreTold({ notices }: SentCall["worker"], rest?: Promise<void>): Promise<void> {
  if (notices.areHeard) return;
  const limit = Promise.withResolvers<void>();
  using _limit = new Limit(REPEAT_MS.longest, limit.resolve);
  await Promise.race([notices.heard(), limit.promise, ...rest === undefined ? [] : [rest]]);
}

async function readRest(reply: Reply): Promise<void> {
  try {
    while (!reply.ended) reply.discard(await reply.next());
  } catch {
    // Whatever it ended with, the caller has its answer already.
  }
}

async function drain(reply: Reply, { rest, budgetMs }: Wait): Promise<void> {
  using _limit = new Limit(budgetMs, () => reply.drop());
  await rest;
  await reply.discarded();
}

/** Whether the worker lets go of the call in time. It may take as long to answer that it shall, and then as long to do it. */
async function isLetGo(call: SentCall, { rest, budgetMs }: Wait): Promise<boolean> {
  const asking = new AbortController();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const limit = () => new Limit(budgetMs, () => resolve(false));
  let budget = limit();
  const onTold = () => {
    budget[Symbol.dispose]();
    budget = limit();
  };
  const signal = AbortSignal.any([asking.signal, call.reply.dropped]);
  const asked = askToCancel(call, { signal, onTold }).then(() => resolve(true), () => {});
  void rest.then(() => resolve(true));
  const hasLetGo = await promise;
  asking.abort();
  await asked;
  budget[Symbol.dispose]();
  return hasLetGo;
}

interface Question {
  readonly signal: AbortSignal;
  /** Called when the worker has answered for the first time that it knows of the call. */
  readonly onTold: () => void;
}

/** Asks until the worker has let go of the call. The question has a connection of its own, on which it may overtake the call. */
async function askToCancel({ worker, reply, id }: SentCall, { signal, onTold }: Question): Promise<void> {
  if (id === undefined) return reply.drop();
  let isTold = false;
  for (let delayMs: number = REPEAT_MS.first;; delayMs = Math.min(2 * delayMs, REPEAT_MS.longest)) {
    const isOpen = await isRunning(worker, id, signal);
    if (isOpen && !isTold) onTold();
    isTold ||= isOpen;
    if (!isOpen && (isTold || reply.hasBegun)) return;
    await pause(delayMs, signal);
  }
}

async function isRunning({ send }: SentCall["worker"], id: string, signal: AbortSignal): Promise<boolean> {
  const frame = await new Reply(send({ endpoint: "cancel", body: { call_id: id } })).last(signal);
  return statusIn(frame) !== "not_running";
}

/** A call that waits behind another one, as `POST /cancel` names it. */
interface WaitingCall {
  readonly call_id: string;
  readonly ahead: true;
  /** The id of the other one. */
  readonly behind: string;
}

/** Whether a worker lets go of a call that waits behind another one. It does not when the other one has ended; nor does a worker that is gone. */
export async function letsGo({ send }: SentCall["worker"], call: WaitingCall): Promise<boolean> {
  try {
    return statusIn(await new Reply(send({ endpoint: "cancel", body: { ...call } })).last()) === "cancelled";
  } catch {
    return false;
  }
}

function statusIn(frame: ResultFrame | ErrorFrame): unknown {
  return "result" in frame && isRecord(frame.result) ? frame.result.status : undefined;
}
