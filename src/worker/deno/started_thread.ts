/**
 * A plugin's thread as the control thread holds it. It imports nothing: the thread is started before the control thread has its modules, because
 * it is what a user waits for longest.
 *
 * @module
 */
import type { PermissionSet, PluginTarget } from "../../protocol/messages.ts";
import type { Scratch } from "./outbox.ts";
import type { FromThread, ToThread } from "./thread_messages.ts";

/** Who listens to a thread. */
export interface ThreadListener {
  /** Takes what the thread says. */
  take(message: FromThread): void;
  /** Takes the runtime's words about an error that has ended the thread. */
  crashed(eventMessage: string): void;
  /** Takes the reason why there is no thread. */
  refused(thrown: unknown): void;
}

/** A thread that loads its plugin. What it says is kept until somebody listens. */
export class StartedThread {
  #thread: Worker | undefined;
  #waiting: ((listener: ThreadListener) => void)[] = [];
  #listener: ThreadListener | undefined;

  /** Starts the thread. This thread stands still for as long as the runtime takes to make the other one, some 10 ms. */
  constructor(target: PluginTarget, scratch: Scratch | undefined) {
    try {
      this.#thread = new Worker(entryOf(target, scratch), {
        type: "module",
        name: target.name,
        deno: { permissions: permissionsOf(target.permissions, scratch) },
      });
      this.#thread.addEventListener("message", ({ data }) => this.#tell((listener) => listener.take(data)));
      this.#thread.addEventListener("error", (event) => {
        event.preventDefault();
        this.#tell((listener) => listener.crashed(event.message));
      });
    } catch (thrown) {
      this.#tell((listener) => listener.refused(thrown));
    }
  }

  /** Has somebody told of all that the thread has said and will say. */
  listen(listener: ThreadListener): void {
    this.#listener = listener;
    for (const news of this.#waiting) news(listener);
    this.#waiting = [];
  }

  /** Gives the thread a message. */
  post(message: ToThread): void {
    this.#thread?.postMessage(message);
  }

  /** Ends the thread. */
  terminate(): void {
    this.#thread?.terminate();
  }

  #tell(news: (listener: ThreadListener) => void): void {
    if (this.#listener === undefined) this.#waiting.push(news);
    else news(this.#listener);
  }
}

/** The thread's first module. Static imports load with the process's permission to read, so that the plugin needs none to be loaded. */
function entryOf({ module, class: exportName, name, version, permissions }: PluginTarget, scratch: Scratch | undefined): string {
  const source = [
    `import { startPlugin } from ${ownModule("./plugin_thread.ts")};`,
    ...(permissions?.run === undefined ? [] : [`import ${ownModule("./stray_watch.ts")};`]),
    `import * as plugin from ${JSON.stringify(module)};`,
    `startPlugin(plugin, ${JSON.stringify(exportName || "default")}, ${JSON.stringify({ name, version, scratch })});`,
  ];
  return `data:text/javascript,${encodeURIComponent(source.join("\n"))}`;
}

function ownModule(name: string): string {
  return JSON.stringify(new URL(name, import.meta.url).href);
}

const PERMISSION_NAMES = ["read", "write", "net", "env", "run", "ffi", "sys", "import"] as const;

/** A key that a thread is not given would be inherited from the process. The scratch folder, which no other worker has, is the thread's too. */
function permissionsOf(granted: PermissionSet = {}, scratch: Scratch | undefined): Deno.PermissionOptionsObject {
  const own = scratch === undefined ? [] : [scratch.folder];
  const all = Object.fromEntries(PERMISSION_NAMES.map((name) => [name, granted[name] ?? false]));
  return { ...all, read: withPaths(granted.read, own), write: withPaths(granted.write, own) };
}

function withPaths(granted: true | readonly string[] | undefined, own: readonly string[]): boolean | string[] {
  const paths = [...(granted === true ? [] : granted ?? []), ...own];
  return granted === true || (paths.length > 0 && paths);
}
