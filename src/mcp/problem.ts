/**
 * Refusals over HTTP, as JSON-RPC has them.
 *
 * @module
 */

/** What is wrong. */
export interface Problem {
  readonly code: number;
  readonly message: string;
}

/** A refusal of a whole request. */
export function problem(status: number, error: Problem): Response {
  return Response.json({ jsonrpc: "2.0", error, id: null }, { status });
}
