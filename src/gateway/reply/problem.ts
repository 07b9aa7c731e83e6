/**
 * Why a request failed, as RFC 9457 writes it.
 *
 * @module
 */
import { STATUS_TEXT } from "@std/http/status";
import type { ErrorBody } from "../../protocol/messages.ts";

/** The media type of problems. */
export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/** What goes with a problem. */
export interface ProblemFacts {
  /** What happened, and what to do. */
  readonly detail: string;
  /** Why, as a word that programs can compare: one of the error tree, or one of the gateway's own. */
  readonly code: string;
  /** The plugin's own error, under the name that clients of the wire look for. */
  readonly _job_error?: ErrorBody;
}

/** The members of a problem. Its type is its code: the status alone would not tell two of them apart. */
export function problemBody(status: number, { code, ...others }: ProblemFacts): Record<string, unknown> {
  const title = (STATUS_TEXT as Readonly<Record<number, string>>)[status] ?? "Error";
  return { type: `urn:problem-type:remote-plugin:${code}`, title, status, code, ...others };
}
