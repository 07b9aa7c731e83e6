/**
 * How a gateway says no.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { PROBLEM_MEDIA_TYPE, problemBody } from "./problem.ts";

/** What goes with a refusal. */
export interface RefusalOptions {
  /** Why, as a word that programs can compare. Default: `refused`. */
  readonly code?: string;
  /** More headers of the reply. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A reply that says what is wrong with a request, and what to do. */
export function refusal(status: number, detail: string, { code = "refused", headers }: RefusalOptions = {}): Response {
  return Response.json(problemBody(status, { detail, code }), { status, headers: { "content-type": PROBLEM_MEDIA_TYPE, ...headers } });
}

/** The reply to a request that is written wrongly. */
export function badRequest(detail: string): Response {
  return refusal(STATUS_CODE.BadRequest, detail, { code: "bad_request" });
}

/** The reply to what may be sent again later. */
export function tooMuch(what: string): Response {
  const headers = { "retry-after": "1" };
  return refusal(STATUS_CODE.TooManyRequests, `${what}. Send it again later`, { code: "too_much", headers });
}
