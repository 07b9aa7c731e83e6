/**
 * A floor: lines of JSON on the pipes of a loop, which answers in order. What is said while something is written goes out together.
 *
 * @module
 */
import type { Peer, WorkName } from "../peer.ts";

/** A loop in another process that answers each line with one. */
export class Lines implements Peer {
  readonly #command: readonly string[];
  readonly #waiting: ((value: unknown) => void)[] = [];
  #first = 0;
  #unsent = "";
  #writing = false;
  #child: Deno.ChildProcess | undefined;
  #input: WritableStreamDefaultWriter<Uint8Array> | undefined;

  constructor(command: readonly string[]) {
    this.#command = command;
  }

  async start(): Promise<void> {
    const [program, ...args] = this.#command;
    this.#child = new Deno.Command(program!, { args, stdin: "piped", stdout: "piped" }).spawn();
    this.#input = this.#child.stdin.getWriter();
    void this.#read(this.#child.stdout);
    await this.#next();
  }

  call(name: WorkName, argument: number | string): Promise<unknown> {
    this.#unsent += `${JSON.stringify([name, argument])}\n`;
    if (!this.#writing) void this.#write();
    return this.#next();
  }

  async stop(): Promise<void> {
    await this.#input?.close();
    await this.#child?.status;
  }

  #next(): Promise<unknown> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async #write(): Promise<void> {
    this.#writing = true;
    const encoder = new TextEncoder();
    await undefined; // What is said in the same moment goes along.
    while (this.#unsent !== "") {
      const bytes = encoder.encode(this.#unsent);
      this.#unsent = "";
      await this.#input!.write(bytes);
    }
    this.#writing = false;
  }

  async #read(output: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of output) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#take(JSON.parse(line));
    }
  }

  #take(value: unknown): void {
    this.#waiting[this.#first++]?.(value);
    if (this.#first < this.#waiting.length) return;
    this.#waiting.length = this.#first = 0;
  }
}
