/**
 * Has what the plugin has given sent before the plugin ends its own process: by a signal, or by a program that may send one. Only a plugin that may run
 * programs can do either.
 *
 * @module
 */
import { flush } from "./flush.ts";
import type { FromThread } from "./thread_messages.ts";

const scope = globalThis as unknown as { postMessage(message: FromThread): void };
const post = scope.postMessage.bind(scope);
const { pid: ownPid } = Deno;

/** Wraps a function that sends signals. One to a number from 0 down goes to a group of processes, of which this one may be a part. */
function flushing<Args extends [pid: number, ...rest: unknown[]], Result>(kill: (...args: Args) => Result): (...args: Args) => Result {
  return (...args) => {
    if (args[0] === ownPid || args[0] <= 0) flush(post, { isLast: true });
    return kill(...args);
  };
}

/** Watches whatever can end this process. */
export function watchKills(): void {
  Deno.kill = flushing(Deno.kill);
  watchPrograms();
  watchNode();
}

function watchPrograms(): void {
  Deno.Command = class extends Deno.Command {
    override spawn(): Deno.ChildProcess {
      flush(post, { isLast: false });
      return super.spawn();
    }

    override output(): Promise<Deno.CommandOutput> {
      flush(post, { isLast: false });
      return super.output();
    }

    override outputSync(): Deno.CommandOutput {
      flush(post, { isLast: false });
      return super.outputSync();
    }
  };
  for (const name of ["spawn", "spawnAndWait", "spawnAndWaitSync"] as const) watchSpawn(name);
}

/** The short ways to start a program do not pass through `Deno.Command`. Not every release of Deno has them. */
function watchSpawn(name: "spawn" | "spawnAndWait" | "spawnAndWaitSync"): void {
  const real = Deno[name] as ((...args: unknown[]) => unknown) | undefined;
  if (real === undefined) return;
  const flushed = (...args: unknown[]): unknown => {
    flush(post, { isLast: false });
    return real(...args);
  };
  Object.assign(Deno, { [name]: flushed });
}

/** Node's global takes the runtime 30 ms to load, and is looked at when the plugin does. */
function watchNode(): void {
  const node = Object.getOwnPropertyDescriptor(globalThis, "process");
  if (node?.get === undefined) return;
  const watched = new WeakSet<NodeProcess>();
  const get = () => {
    const process: NodeProcess = node.get!.call(globalThis);
    if (!watched.has(process)) process.kill = flushing(process.kill);
    watched.add(process);
    return process;
  };
  Object.defineProperty(globalThis, "process", { ...node, get });
}

interface NodeProcess {
  kill(pid: number, ...rest: unknown[]): unknown;
}
