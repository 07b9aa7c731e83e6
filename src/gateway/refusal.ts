/**
 * How a gateway says no.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";

/** What goes with a refusal. */
export interface RefusalOptions {
  /** Why, as a word that programs can compare. */
  readonly code?: string;
  /** More headers of the reply. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A reply that says what is wrong with a request, and what to do. */
export function refusal(status: number, detail: string, { code, headers }: RefusalOptions = {}): Response {
  return Response.json({ detail, ...code === undefined ? {} : { code } }, { status, headers });
}

/** The reply to a request that is written wrongly. */
export function badRequest(detail: string): Response {
  return refusal(STATUS_CODE.BadRequest, detail, { code: "bad_request" });
}
