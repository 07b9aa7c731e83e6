/**
 * An editor or an assistant that gets plugins as MCP tools, by the official client.
 *
 * @module
 */
import {
  Client,
  deserializeMessage,
  type JSONRPCMessage,
  serializeMessage,
  StreamableHTTPClientTransport,
  type Transport,
} from "@modelcontextprotocol/client";
import { TextLineStream } from "@std/streams";
import type { Manifest } from "@remote-plugin/proxy";
import { User } from "./cli_user.ts";
import { within } from "./guard.ts";

/** The two ways in which a client begins: by a handshake, as of 2025, or without one, as of 2026. */
export const ERAS = ["2025", "2026"] as const;

/** One of the two. */
export type Era = (typeof ERAS)[number];

/** The official client, as it speaks in an era. */
export function mcpClient(era: Era): Client {
  const mode = era === "2025" ? "legacy" : "auto";
  return new Client({ name: "test", version: "1.0.0" }, { versionNegotiation: { mode } });
}

/** How an official client reaches a gateway with a token. */
export function httpTransport(url: URL, token: string): Transport {
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  return new StreamableHTTPClientTransport(url, { requestInit, fetch: fetchUntilAborted }) as Transport;
}

/**
 * `fetch()` whose body ends when its signal aborts. In Deno 2.9.6 the body of a `fetch()` hears nothing of its signal once garbage was collected, for nothing
 * but a weak reference leads from one to the other. The connection stays open then, and the server is not told that anybody has left.
 */
async function fetchUntilAborted(url: string | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  const signal = init?.signal;
  if (response.body === null || !signal) return response;
  return new Response(response.body.pipeThrough(new TransformStream(), { signal }), response);
}

/** The program `mcp`, and a client that has started it. */
export class McpUser implements AsyncDisposable {
  /** The client. */
  readonly client: Client;
  /** The user's folder. */
  readonly user: User;
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #errors = "";

  private constructor(user: User, { client, child }: { readonly client: Client; readonly child: Deno.ChildProcess }) {
    this.user = user;
    this.client = client;
    this.#child = child;
    this.#reading = this.#readErrors();
  }

  /** Starts the program with these manifests, and connects a client to it. */
  static async start(manifests: readonly Manifest[], era: Era, args: readonly string[] = []): Promise<McpUser> {
    const user = await User.create(Object.fromEntries(manifests.map((manifest, at) => [`${at}.json`, manifest])));
    const child = user.start(["mcp", ...args], { stdin: "piped" });
    const started = new McpUser(user, { client: mcpClient(era), child });
    await started.client.connect(new PipeTransport(child));
    return started;
  }

  /** What the program has written to standard error. */
  get errors(): string {
    return this.#errors;
  }

  /** The client leaves, and the program ends in order. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    const { code } = await within(this.#child.status, "the end of the program");
    await this.#reading;
    await this.user[Symbol.asyncDispose]();
    if (code !== 0) throw new Error(`The program ended with ${code}: ${this.#errors}`);
  }

  async #readErrors(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) this.#errors += text;
  }
}

/** Messages by a program's pipes. Other than the client's own transport it leaves no timers, which tests take for leaks. */
class PipeTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport["onmessage"];
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
  }

  start(): Promise<void> {
    void this.#read();
    return Promise.resolve();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(serializeMessage(message)));
  }

  async close(): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#child.status;
  }

  async #read(): Promise<void> {
    const lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (const line of lines) this.onmessage?.(deserializeMessage(line));
    this.onclose?.();
  }
}
