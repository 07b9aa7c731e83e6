/**
 * Who may ask a gateway, and what for.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import type { GatewayEnv, Role } from "../context.ts";
import type { Guard } from "./guard.ts";
import type { KnownToken } from "./known_token.ts";
import type { GatewayLimits, ResolvedGatewayOptions } from "../options.ts";
import { PageSessions } from "./page_session.ts";
import { Places } from "./places.ts";
import { refusal, tooMuch } from "../reply/refusal.ts";

/** Knows whose each token is. How long it takes to tell depends on no token. */
export class Tokens {
  /** All of them. */
  readonly known: readonly KnownToken[];
  /** For the bytes of a token that comes. One that does not fit is longer than all that are known. */
  readonly #memory: Uint8Array<ArrayBuffer>;

  /** Takes the tokens of both roles. */
  constructor({ callers, operators }: Pick<ResolvedGatewayOptions, "callers" | "operators">) {
    this.known = [...known("caller", callers), ...known("operator", operators)];
    this.#memory = new Uint8Array(Math.max(0, ...this.known.map(({ bytes }) => bytes.length)));
  }

  /** Whose token an `Authorization` carries; `undefined` when it is nobody's. */
  holderOf(authorization: string | null): KnownToken | undefined {
    const [, token] = /^Bearer +(\S.*)$/i.exec(authorization ?? "") ?? [];
    if (token === undefined) return undefined;
    const { read, written } = encoder.encodeInto(token, this.#memory);
    if (read < token.length) return undefined;
    const given = this.#memory.subarray(0, written);
    // All are compared, so that the time does not show which one it was.
    return this.known.filter(({ bytes }) => bytes.length === given.length && timingSafeEqual(bytes, given)).at(-1);
  }
}

const encoder = new TextEncoder();

function known(role: Role, tokens: readonly string[]): KnownToken[] {
  return tokens.map((token, index) => ({ role, client: `${role} ${index + 1}`, bytes: encoder.encode(token) }));
}

/** Lets in whoever has a token or has signed in with one, and notes whose it is. */
export function wantsToken(options: ResolvedGatewayOptions): Guard {
  const tokens = new Tokens(options);
  const sessions = new PageSessions(tokens.known);
  return (asked) => {
    const authorization = asked.req.raw.headers.get("authorization");
    const holder = authorization === null ? sessions.holderOf(asked.req.raw) : tokens.holderOf(authorization);
    if (holder === undefined) {
      return refusal(STATUS_CODE.Unauthorized, 'The token is missing or wrong. Send it as "Authorization: Bearer TOKEN"', {
        code: "unauthorized",
        headers: { "www-authenticate": "Bearer" },
      });
    }
    asked.set("role", holder.role);
    asked.set("client", holder.client);
    return undefined;
  };
}

/** Lets in operators alone. */
export function wantsOperator(): Guard {
  return (asked) => operatorRefusal(asked.get("role"), `"${asked.req.path}"`);
}

/** Why somebody may not do what takes an operator; `undefined` for one who may. */
export function operatorRefusal(role: Role, what: string): Response | undefined {
  if (role === "operator") return undefined;
  return refusal(STATUS_CODE.Forbidden, `${what} takes the token of an operator`, { code: "operator_only" });
}

/** Gives each request a place, which {@linkcode leavePlace} takes back, or refuses it. */
export function wantsPlace(limits: Required<GatewayLimits>): Guard {
  const places = new Places(limits);
  return (asked) => {
    const place = places.enter(asked.get("client"), { isCancel: asked.req.path.endsWith("/cancel") });
    if (place === undefined) return tooMuch(`${limits.requests} requests of this token are under way`);
    asked.env.place = place;
    return undefined;
  };
}

/** Takes back the place of a request that has its response, unless its reply goes on. */
export function leavePlace({ place }: GatewayEnv["Bindings"]): void {
  if (place?.isKept === false) place.leave();
}
