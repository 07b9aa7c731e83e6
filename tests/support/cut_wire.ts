/**
 * A wire between a host and the agents of a cluster, which a test can cut, let go silent, and mend.
 *
 * @module
 */
import type { AgentAddress } from "@remote-plugin/proxy/ray";

/** Passes on what comes, while it may. */
export class CutWire implements Disposable {
  readonly #listeners: Deno.TcpListener[] = [];
  readonly #open = new Set<Deno.TcpConn>();
  #state: "whole" | "cut" | "silent" = "whole";
  #whole = Promise.withResolvers<void>();
  /** How many connections were opened. */
  count = 0;

  constructor() {
    this.#whole.resolve();
  }

  /** To be given as `reach`. */
  readonly reach = (agent: AgentAddress): AgentAddress => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#listeners.push(listener);
    void this.#serve(listener, agent);
    return { hostname: "127.0.0.1", port: listener.addr.port };
  };

  /** Closes all connections, and each new one at once. */
  cut(): void {
    this.#state = "cut";
    for (const conn of this.#open) close(conn);
    this.#open.clear();
  }

  /** Passes nothing on any more, and closes nothing. */
  silence(): void {
    this.#state = "silent";
    this.#whole = Promise.withResolvers();
  }

  /** Passes on what waits and what comes. */
  mend(): void {
    this.#state = "whole";
    this.#whole.resolve();
  }

  [Symbol.dispose](): void {
    this.cut();
    this.#whole.resolve();
    for (const listener of this.#listeners) listener.close();
  }

  async #serve(listener: Deno.TcpListener, agent: AgentAddress): Promise<void> {
    for await (const near of listener) {
      this.count++;
      if (this.#state === "cut") close(near);
      else void this.#splice(near, agent);
    }
  }

  async #splice(near: Deno.TcpConn, agent: AgentAddress): Promise<void> {
    this.#open.add(near);
    try {
      const far = await Deno.connect(agent);
      this.#open.add(far);
      await Promise.all([this.#pour(near, far), this.#pour(far, near)]);
    } catch {
      // One of them has hung up.
    }
    close(near);
  }

  async #pour(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const block = new Uint8Array(64 * 1024);
    try {
      for (let count = await from.read(block); count !== null; count = await from.read(block)) {
        await this.#whole.promise;
        for (let at = 0; at < count;) at += await to.write(block.subarray(at, count));
      }
      await to.closeWrite();
    } catch {
      close(from);
      close(to);
    }
  }
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It is closed already.
  }
}
