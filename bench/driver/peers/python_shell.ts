/**
 * `python-shell`: a script, lines of JSON on its standard input and output.
 *
 * @module
 */
import type { Peer, WorkName } from "../peer.ts";
import { interpreter, workPath } from "../places.ts";

interface Shell {
  send(message: unknown): void;
  on(event: "message", listener: (message: unknown) => void): void;
  end(done: () => void): void;
}

interface ShellModule {
  PythonShell: new (script: string, options: Record<string, unknown>) => Shell;
}

/** A script that answers in order, so that the first who waits gets the next message. */
export class PythonShell implements Peer {
  #shell: Shell | undefined;
  readonly #waiting: ((message: unknown) => void)[] = [];
  #first = 0;

  async start(): Promise<void> {
    const name = "python-shell";
    const module = await import(name) as ShellModule;
    this.#shell = new module.PythonShell(workPath("shell_loop.py"), { mode: "json", pythonPath: interpreter() });
    this.#shell.on("message", (message) => this.#take(message));
    await this.#next();
  }

  call(name: WorkName, argument: number | string): Promise<unknown> {
    this.#shell!.send([name, argument]);
    return this.#next();
  }

  async *stream(count: number): AsyncGenerator<unknown, void, void> {
    const chunks = Array.from({ length: count }, () => this.#next());
    this.#shell!.send(["chunks", count]);
    for (const chunk of chunks) yield await chunk;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#shell === undefined ? resolve() : this.#shell.end(resolve));
  }

  #next(): Promise<unknown> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #take(message: unknown): void {
    this.#waiting[this.#first++]?.(message);
    if (this.#first < this.#waiting.length) return;
    this.#waiting.length = this.#first = 0;
  }
}
