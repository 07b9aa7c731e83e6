/**
 * Tells the control thread of the programs that a plugin starts detached. The thread of a plugin that may run programs imports this after
 * `plugin_thread.ts` and before the plugin; other threads do without, for to touch `Deno.Command` makes the runtime load it, which takes 2 ms.
 *
 * @module
 */
import type { FromThread } from "./thread_messages.ts";

const scope = globalThis as unknown as { postMessage(message: FromThread): void };
const post = scope.postMessage.bind(scope);

/** A program that is started detached leaves the worker's process group, with which all others end. */
Deno.Command = class extends Deno.Command {
  readonly #isStray: boolean;

  constructor(program: string | URL, options?: Deno.CommandOptions) {
    super(program, options);
    this.#isStray = options?.detached === true;
  }

  override spawn(): Deno.ChildProcess {
    const child = super.spawn();
    if (this.#isStray) {
      post({ kind: "stray", pid: child.pid, isRunning: true });
      void child.status.then(() => post({ kind: "stray", pid: child.pid, isRunning: false }));
    }
    return child;
  }
};
