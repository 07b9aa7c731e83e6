/**
 * Clients that leave before they have their reply.
 *
 * @module
 */
import type { Asked, GatewayRequestInfo } from "./context.ts";

/** Rejects when the client has gone before it had the reply, as far as its server tells. After the reply that does no harm. */
export function clientGone({ env, req }: Asked): GatewayRequestInfo["completed"] {
  return env?.info?.completed ?? aborted(req.raw);
}

/** Where a server tells no more of a request. `Deno.serve()` does, and warns of whoever asks for this signal. */
function aborted({ signal }: Request): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}
