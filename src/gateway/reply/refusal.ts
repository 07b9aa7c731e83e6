/**
 * How a gateway says no.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { PluginError, type PluginErrorCode } from "../../errors.ts";
import { messageOf } from "../../protocol/text.ts";
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

/** The reply to a request for a plugin that the manager does not know, made from the manager's error. */
export function unknownPlugin(error: unknown): Response {
  return refusal(STATUS_CODE.NotFound, messageOf(error), { code: UNKNOWN_PLUGIN });
}

/** Whether an error says that the manager does not know a plugin. */
export function isUnknownPlugin(error: unknown): boolean {
  return error instanceof PluginError && error.code === UNKNOWN_PLUGIN;
}

const UNKNOWN_PLUGIN: PluginErrorCode = "unknown_plugin";

/** The reply to what may be sent again later. */
export function tooMuch(what: string): Response {
  const headers = { "retry-after": "1" };
  return refusal(STATUS_CODE.TooManyRequests, `${what}. Send it again later`, { code: "too_much", headers });
}
