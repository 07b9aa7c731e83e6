/**
 * Clients that leave before they have their reply.
 *
 * @module
 */
import type { Asked } from "../context.ts";
import type { Patience } from "./patience.ts";

/**
 * How long a call goes on before the gateway asks for its request's signal, in milliseconds. To ask costs something, and whether anybody waits for a shorter
 * call does not matter.
 */
export const ASK_AFTER_MS = 1_000;

/**
 * Calls back when the client has gone before it had the reply, as far as its server tells. After the reply that does no harm.
 *
 * `Deno.serve()` tells by `completed` that a reply could not be sent, and by the signal at once that nobody waits for it any more.
 */
export function onClientGone({ env, req }: Asked, patience: Patience, onGone: () => void): void {
  const completed = env?.info?.completed;
  const askSignal = () => void aborted(req.raw).catch(onGone);
  if (completed === undefined) return askSignal();
  const wait = patience.begin(askSignal);
  completed.then(() => wait[Symbol.dispose](), () => {
    wait[Symbol.dispose]();
    onGone();
  });
}

/** Aborted when the client of a stream has gone before it began. Later the stream itself tells, at once. */
export function streamLeft({ env, req }: Asked): AbortSignal {
  const gone = new AbortController();
  (env?.info?.completed ?? aborted(req.raw)).catch((reason) => gone.abort(reason));
  return gone.signal;
}

/** It is aborted after a reply that was sent as well, of which `Deno.serve()` warns. */
function aborted({ signal }: Request): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
