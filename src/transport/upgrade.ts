/**
 * How a connection becomes one of bare frames.
 *
 * @module
 */
import type { Dial } from "../process/dial.ts";
import type { HeldFrames } from "../protocol/messages.ts";
import { CONNECTION_HEADER, UPGRADE_ENDPOINT, UPGRADE_PROTOCOL } from "../protocol/upgrade.ts";
import { BrokenReplyError, RefusedError } from "./errors.ts";
import { HttpReader } from "./http_reader.ts";
import { refusal } from "./http_reply.ts";

/** How to connect to a worker, and the token to show there. */
export interface UpgradeTarget {
  readonly dial: Dial;
  readonly token: string;
  /** Left out by a host that does not hear the worker's farewell. */
  readonly heldBack?: HeldBack;
}

/** Tells what a worker that has ended had still to send on a connection of this name; `"untold"` when it has ended without telling. */
export type HeldBack = (connection: string) => Promise<HeldFrames | "untold" | undefined>;

const UTF8 = new TextEncoder();

/** How often a connection is opened to a worker that hangs up before it was asked for anything. */
const MOST_TRIES = 3;

/** What a connection needs that is opened. */
interface OpenOptions {
  /** What the worker calls the connection in its farewell, where the host hears that. */
  readonly name: string;
  /** Takes each connection in the moment in which it is there; throws when none is wanted any more. */
  readonly onConn: (conn: Deno.Conn) => void;
}

/**
 * Connects, and asks for the upgrade. A worker hangs up on whoever shows it no token in time. A host that got no processor meanwhile is one of those, and
 * tries again.
 *
 * @throws {BrokenReplyError} When nothing listens there, or hangs up each time.
 */
export async function openForUpgrade({ dial, token, heldBack }: UpgradeTarget, { name, onConn }: OpenOptions): Promise<Deno.Conn> {
  const request = upgradeRequest(token, heldBack && name);
  for (let tries = 1;; tries++) {
    const conn = await connect(dial);
    try {
      onConn(conn);
      await writeAll(conn, request);
      return conn;
    } catch (cause) {
      close(conn);
      if (tries < MOST_TRIES && hasHungUp(cause)) continue;
      throw new BrokenReplyError("The connection broke before the reply came", { cause });
    }
  }
}

function hasHungUp(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset;
}

/** Closes a connection, which may be closed. */
export function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It is closed already.
  }
}

/** Opens a connection. */
async function connect(dial: Dial): Promise<Deno.Conn> {
  try {
    return await dial();
  } catch (cause) {
    throw new BrokenReplyError("Nothing listens at the worker's address", { cause });
  }
}

/** The request for the upgrade; with a name for the connection where the host hears the farewell. */
function upgradeRequest(token: string, name: string | undefined): Uint8Array {
  const lines = [
    `GET /${UPGRADE_ENDPOINT} HTTP/1.1`,
    "Host: localhost",
    `Authorization: Bearer ${token}`,
    "Connection: Upgrade",
    `Upgrade: ${UPGRADE_PROTOCOL}`,
    ...(name === undefined ? [] : [`${CONNECTION_HEADER}: ${name}`]),
  ];
  return UTF8.encode(`${lines.join("\r\n")}\r\n\r\n`);
}

/** Reads the answer to the request for the upgrade, and gives what has come together with it. */
export async function demandUpgrade(conn: Deno.Conn): Promise<Uint8Array> {
  const reader = new HttpReader(conn);
  try {
    const { status, headers } = await reader.head();
    if (status === 101 && headers.get("upgrade") === UPGRADE_PROTOCOL) return reader.rest();
    throw await refusal(new Response(ReadableStream.from(reader.body(headers)), { status, headers: [...headers] }));
  } catch (error) {
    if (error instanceof RefusedError) throw error;
    throw new BrokenReplyError("The connection broke before the reply came", { cause: error });
  }
}

/** Writes all of it. */
export async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let written = await conn.write(bytes); written < bytes.length;) written += await conn.write(bytes.subarray(written));
}
