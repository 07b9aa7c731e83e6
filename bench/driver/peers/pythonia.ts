/**
 * `pythonia`: Python objects as JavaScript proxies.
 *
 * @module
 */
import type { Peer, WorkName } from "../peer.ts";
import { workPath } from "../places.ts";

type Work = Record<WorkName, (argument: number | string) => Promise<unknown>> & {
  chunks(count: number): Promise<AsyncIterable<unknown>>;
};

interface Python {
  (path: string): Promise<Work>;
  exit(): void;
}

/** A module imported with `await python(path)`, its functions awaited. */
export class Pythonia implements Peer {
  #python: Python | undefined;
  #work: Work | undefined;

  async start(): Promise<void> {
    const name = "pythonia";
    this.#python = (await import(name) as { python: Python }).python;
    this.#work = await this.#python(workPath("work.py"));
  }

  call(name: WorkName, argument: number | string): Promise<unknown> {
    return this.#work![name](argument);
  }

  async *stream(count: number): AsyncGenerator<unknown, void, void> {
    for await (const chunk of await this.#work!.chunks(count)) yield chunk;
  }

  stop(): Promise<void> {
    this.#python?.exit();
    return Promise.resolve();
  }
}
