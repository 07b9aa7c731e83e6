/**
 * Sends requests with files on upgraded connections.
 *
 * @module
 */
import { PartsBody, type RequestWithParts } from "./parts_body.ts";
import { partsHead } from "./request_line.ts";
import { writeAll } from "./upgrade.ts";

/** A file could not be read while it was sent: the `cause` says why. Nobody knows then what of the request the worker has. */
export class UnreadPartError extends Error {
  override name = "UnreadPartError";
}

/**
 * Sends a request, and its files while they are read.
 *
 * @throws {UnreadPartError} When one of them fails.
 */
export async function writeWithParts(conn: Deno.Conn, request: RequestWithParts): Promise<void> {
  const body = new PartsBody(request);
  try {
    await writeAll(conn, partsHead(request, body));
    for await (const piece of body.files()) await writeAll(conn, piece);
  } catch (cause) {
    throw body.failure === undefined ? cause : new UnreadPartError("A file could not be read", { cause });
  }
}
