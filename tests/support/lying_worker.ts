/**
 * A worker process that says hello as a test wants it, and whose replies the test itself writes, byte for byte.
 *
 * @module
 */
import { join } from "@std/path";
import type { Manifest } from "@remote-plugin/proxy";

/** One reply, or its beginning and what follows that without an end; the connection is closed when it is out. */
export type Answer = string | { readonly head: string; readonly piece: string };

/** The reply of a worker that tells the truth: one frame. */
export function goodReply(result: unknown): string {
  const body = `${JSON.stringify({ result })}\n`;
  return `HTTP/1.1 200 OK\r\nContent-Type: application/vnd.remote-plugin+ndjson\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** The manifest of a program of two lines that reads its start line, does what `script` says, and stays until its lifeline is cut. */
export async function scriptedManifest(folder: string, script: string): Promise<Manifest> {
  const python_path = join(folder, "worker.sh");
  await Deno.writeTextFile(python_path, `#!/bin/sh\nread -r start\n${script}\nexec cat >/dev/null\n`, { mode: 0o700 });
  return { name: "liar", python_path, module: "x", class: "X", transport: "tcp" };
}

/** The line of `sh` that prints a hello line. */
export function says(hello: Readonly<Record<string, unknown>>): string {
  const whole = { protocol: 1, address: { tcp: "127.0.0.1:1" }, pid: 4711, worker: "liar/1", features: [], ...hello };
  return `printf '%s\\n' '${JSON.stringify(whole)}'`;
}

/** Answers requests on loopback, in the place of the process. */
export class LyingServer implements AsyncDisposable {
  /** What each endpoint is answered; what is not named is answered truly. */
  readonly answers: Record<string, Answer> = {};
  readonly #listener: Deno.Listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #served: Promise<void> = this.#serve();

  /** The address for the hello line. */
  get address(): { readonly tcp: string } {
    return { tcp: `127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}` };
  }

  /** Waits until the last connection is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#served;
  }

  async #serve(): Promise<void> {
    const open = new Set<Promise<void>>();
    for await (const conn of this.#listener) {
      const done = this.#answer(conn).catch(() => {}).finally(() => {
        conn.close();
        open.delete(done);
      });
      open.add(done);
    }
    await Promise.all(open);
  }

  async #answer(conn: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(4096);
    let text = "";
    while (!text.includes("\r\n\r\n")) {
      const count = await conn.read(buffer);
      if (count === null) return;
      text += new TextDecoder().decode(buffer.subarray(0, count));
    }
    const [, endpoint = ""] = /^\S+ (?:http:\/\/[^/]*)?\/(\w+)/.exec(text) ?? [];
    const answer = this.answers[endpoint] ?? goodReply(endpoint === "ready" ? { name: "liar", version: "1", methods: [] } : {});
    if (typeof answer === "string") return await writeAll(conn, new TextEncoder().encode(answer));
    await writeAll(conn, new TextEncoder().encode(answer.head));
    const piece = new TextEncoder().encode(answer.piece);
    while (true) await writeAll(conn, piece); // Until the host has had enough.
  }
}

/** The same in a thread of its own, for a test whose own thread blocks. */
export class LyingThread implements Disposable {
  readonly #thread: Worker;
  /** The address for the hello line. */
  readonly address: { readonly tcp: string };

  private constructor(thread: Worker, address: { readonly tcp: string }) {
    this.#thread = thread;
    this.address = address;
  }

  /** Starts it. */
  static async create(): Promise<LyingThread> {
    const thread = new Worker(new URL("../fixtures/threads/lying_server.ts", import.meta.url), { type: "module" });
    return new LyingThread(thread, await next(thread) as { tcp: string });
  }

  /** Has an endpoint answer so from now on. */
  async answer(endpoint: string, answer: Answer): Promise<void> {
    const noted = next(this.#thread);
    this.#thread.postMessage({ endpoint, answer });
    await noted;
  }

  /** Ends it. */
  [Symbol.dispose](): void {
    this.#thread.terminate();
  }
}

function next(thread: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    thread.onmessage = ({ data }) => resolve(data);
    thread.onerror = ({ message }) => reject(new Error(message));
  });
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await conn.write(bytes.subarray(written));
}
