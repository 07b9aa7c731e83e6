/**
 * A client that costs as little as can be: a connection that is kept alive, and requests that are written before the clock starts.
 *
 * @module
 */

const HEAD_END = new TextEncoder().encode("\r\n\r\n");

/** What came back. */
export interface Reply {
  readonly status: number;
  /** The body, as text. */
  readonly body: string;
}

/** A request with a body, ready to be written again and again. */
export function writtenRequest(url: string, { token = "", body }: { readonly token?: string; readonly body: string }): Uint8Array {
  const { host, pathname } = new URL(url);
  const bytes = new TextEncoder().encode(body);
  const authorization = token === "" ? "" : `authorization: Bearer ${token}\r\n`;
  return new TextEncoder().encode(
    `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\n${authorization}content-length: ${bytes.length}\r\n\r\n${body}`,
  );
}

/** One connection. It knows replies with a length, and none longer than its buffer. */
export class KeepAlive implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #buffer = new Uint8Array(64 * 1024);

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    conn.setNoDelay();
  }

  /** Connects to the server at a URL. */
  static async open(url: string): Promise<KeepAlive> {
    const { hostname, port } = new URL(url);
    return new KeepAlive(await Deno.connect({ hostname, port: Number(port) }));
  }

  /** Writes a request, and reads its reply. */
  async exchange(request: Uint8Array): Promise<Reply> {
    for (let sent = 0; sent < request.length;) sent += await this.#conn.write(request.subarray(sent));
    for (let end = 0;;) {
      const count = await this.#conn.read(this.#buffer.subarray(end));
      if (count === null) throw new Error("The server has closed the connection");
      end += count;
      const reply = replyIn(this.#buffer.subarray(0, end));
      if (reply !== undefined) return reply;
    }
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

/** The reply that the bytes are; `undefined` as long as some are missing. */
export function replyIn(bytes: Uint8Array): Reply | undefined {
  const text = new TextDecoder().decode(bytes);
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const [, status] = /^HTTP\/1\.1 (\d+)/.exec(text) ?? [];
  const [, length] = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, headEnd)) ?? [];
  if (status === undefined || length === undefined) throw new Error(`No reply with a length: ${text.slice(0, headEnd)}`);
  const end = headEnd + HEAD_END.length + Number(length);
  return bytes.length < end ? undefined : { status: Number(status), body: text.slice(headEnd + HEAD_END.length, end) };
}
