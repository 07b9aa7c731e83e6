/**
 * What looks at a request before its route does.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import type { Asked, GatewayEnv } from "../context.ts";

/** Says why a request is refused; `undefined` when it is not. */
export type Guard = (asked: Asked) => Response | undefined;

/** Lets through what none of these refuses. They share one handler, because each handler costs every request a promise. */
export function guarded(...guards: readonly Guard[]): MiddlewareHandler<GatewayEnv> {
  return (asked, next) => {
    for (const guard of guards) {
      const refused = guard(asked);
      if (refused !== undefined) return Promise.resolve(refused);
    }
    return next();
  };
}
