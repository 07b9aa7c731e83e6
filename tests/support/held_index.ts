/**
 * A package index that lets a test choose the moment.
 *
 * @module
 */
import { within } from "./guard.ts";

/** Begins to answer its first request, and gives no more of it; further ones it sends on to PyPI. */
export class HeldIndex implements AsyncDisposable {
  readonly #asked = Promise.withResolvers<void>();
  readonly #hungUp = Promise.withResolvers<void>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #requests = 0;

  /** Begins to listen. */
  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => this.#answer(request));
  }

  /** The index's address. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/simple`;
  }

  /** When somebody waits for an answer. */
  asked(): Promise<void> {
    return within(this.#asked.promise, "the first request");
  }

  /** When whoever waited for the first answer has gone. */
  hungUp(): Promise<void> {
    return within(this.#hungUp.promise, "the end of whoever asked");
  }

  #answer(request: Request): Response {
    if (++this.#requests > 1) return Response.redirect(`https://pypi.org${new URL(request.url).pathname}`);
    const cancel = () => this.#hungUp.resolve();
    this.#asked.resolve();
    return new Response(new ReadableStream({ cancel }));
  }

  /** Answers no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
