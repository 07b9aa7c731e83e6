/**
 * Sees processes end: each of them opens a connection, which the kernel closes when the process is gone, however it went.
 *
 * @module
 */
import { within } from "./guard.ts";

/** A listener to whom processes open a door, with their name as the first line. */
export class Witness implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #doors = new Map<string, Door>();
  readonly #serving: Promise<void>;

  /** Begins to listen. */
  constructor() {
    this.#serving = this.#serve();
  }

  /** Where to knock, as `host:port`. */
  get address(): string {
    const { hostname, port } = this.#listener.addr as Deno.NetAddr;
    return `${hostname}:${port}`;
  }

  /** Waits until all of these have opened their door. */
  async present(names: readonly string[]): Promise<void> {
    await within(Promise.all(names.map((name) => this.#door(name).opened.promise)), `the doors of ${names.join(", ")}`);
  }

  /** When this one's end was seen, as `performance.now()` tells it. */
  async end(name: string): Promise<number> {
    return await within(this.#door(name).closed.promise, `the end of ${name}`);
  }

  /** Stops listening, and hangs up on whoever is still there. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const { conn } of this.#doors.values()) close(conn);
    await this.#serving;
  }

  #door(name: string): Door {
    const door = this.#doors.get(name) ?? { opened: Promise.withResolvers(), closed: Promise.withResolvers(), conn: undefined };
    this.#doors.set(name, door);
    return door;
  }

  async #serve(): Promise<void> {
    const watching: Promise<void>[] = [];
    for await (const conn of this.#listener) watching.push(this.#watch(conn));
    await Promise.all(watching);
  }

  async #watch(conn: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(256);
    const name = new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0)).trim();
    const door = this.#door(name);
    door.conn = conn;
    door.opened.resolve();
    while (await conn.read(buffer).catch(() => null) !== null);
    door.closed.resolve(performance.now());
    close(conn);
  }
}

interface Door {
  readonly opened: PromiseWithResolvers<void>;
  readonly closed: PromiseWithResolvers<number>;
  conn: Deno.TcpConn | undefined;
}

function close(conn: Deno.TcpConn | undefined): void {
  try {
    conn?.close();
  } catch {
    // It is closed already.
  }
}
