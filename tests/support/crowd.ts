/**
 * Clients that mean no good: many at once, silent, slow, or without an end.
 *
 * @module
 */

/** What a client writes at first. */
export interface CrowdOptions {
  /** How many connections. */
  readonly size: number;
  /** What each of them writes at once. Default: nothing. */
  readonly says?: string;
}

/** How many connections are opened at a time: a listener's queue has some thousand places. */
const AT_ONCE = 500;

/** Connections of clients that write one thing and then wait. */
export class Crowd implements AsyncDisposable {
  readonly #conns: Deno.TcpConn[] = [];
  #looking: Promise<unknown> = Promise.resolve();

  /** Opens the connections, and has each of them say its first words. */
  static async gather(url: string, { size, says = "" }: CrowdOptions): Promise<Crowd> {
    const crowd = new Crowd();
    const { hostname, port } = new URL(url);
    const open = async (): Promise<Deno.TcpConn> => {
      const conn = await Deno.connect({ hostname, port: Number(port) });
      await writeAll(conn, says);
      return conn;
    };
    for (let opened = 0; opened < size; opened += AT_ONCE) {
      crowd.#conns.push(...await Promise.all(Array.from({ length: Math.min(AT_ONCE, size - opened) }, open)));
    }
    return crowd;
  }

  /** How many there are. */
  get size(): number {
    return this.#conns.length;
  }

  /** The status of the next reply of each, 0 for a connection that was closed without one. */
  async statuses(): Promise<number[]> {
    return await Promise.all(this.#conns.map(statusOf));
  }

  /** Has each write a piece so many times, or until its connection is closed. */
  async send(piece: Uint8Array, times: number): Promise<void> {
    await Promise.all(this.#conns.map(async (conn) => {
      for (let sent = 0; sent < times && await writeAll(conn, piece); sent++);
    }));
  }

  /** Resolves when so many have had a reply of this status, with how many have had it by then. Others may wait for theirs. */
  async count(status: number, wanted: number): Promise<number> {
    const enough = Promise.withResolvers<void>();
    let count = 0;
    const looking = this.#conns.map(async (conn) => {
      if (await statusOf(conn) === status && ++count === wanted) enough.resolve();
    });
    // Those that still wait are let go of with their connections.
    this.#looking = Promise.allSettled(looking);
    await enough.promise;
    return count;
  }

  /** Closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const conn of this.#conns.splice(0)) conn.close();
    await this.#looking;
  }
}

/** A request, as it is written. */
export function requestText(
  path: string,
  { headers, body = "" }: { readonly headers: Readonly<Record<string, string>>; readonly body?: string },
): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}

/** Writes all of a text. A server that has closed the connection is told of by what is read next. */
export async function writeAll(conn: Deno.Conn, text: string | Uint8Array): Promise<boolean> {
  let rest = typeof text === "string" ? new TextEncoder().encode(text) : text;
  try {
    while (rest.length > 0) rest = rest.subarray(await conn.write(rest));
    return true;
  } catch (error) {
    if (isDisconnect(error)) return false;
    throw error;
  }
}

/** The status of the next reply, 0 for a connection that is closed without one. */
export async function statusOf(conn: Deno.Conn): Promise<number> {
  const buffer = new Uint8Array(1024);
  try {
    const count = await conn.read(buffer) ?? 0;
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(new TextDecoder().decode(buffer.subarray(0, count)))?.[1] ?? 0);
  } catch (error) {
    if (isDisconnect(error)) return 0;
    throw error;
  }
}

function isDisconnect(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted || error instanceof Deno.errors.NotConnected ||
    // It is this side that has closed it.
    error instanceof Deno.errors.Interrupted || error instanceof Deno.errors.BadResource;
}
