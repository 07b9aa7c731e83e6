/**
 * The plugin's own thread. Its entry, which {@linkcode ThreadRunner} writes, imports this module first, then the plugin's, then calls
 * {@linkcode startPlugin}: so whatever goes wrong while the plugin's module is evaluated is seen here.
 *
 * @module
 */
import { errorBody } from "./error_body.ts";
import { FilesAsker } from "./files_question.ts";
import { flush } from "./flush.ts";
import { InlineRunner } from "./inline_runner.ts";
import { type LoadedPlugin, pluginFromModule, type PluginLabel, type WantedExport } from "./load_plugin.ts";
import type { Results } from "./outbox.ts";
import type { PluginRunner } from "./plugin_runner.ts";
import { Posting } from "./posting.ts";
import { PrintedLines } from "./printed_lines.ts";
import { ThreadCalls } from "./thread_calls.ts";
import { type FromThread, readOrder, type ToThread } from "./thread_messages.ts";

/** The part of a worker's global scope that is used here. */
interface ThreadScope {
  postMessage(message: unknown, ...rest: unknown[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<ToThread>) => void): void;
  addEventListener(type: "error", listener: (event: ErrorEvent) => void): void;
  addEventListener(type: "unhandledrejection", listener: (event: PromiseRejectionEvent) => void): void;
  addEventListener(type: "unload", listener: () => void): void;
  close(): void;
}

const scope = globalThis as unknown as ThreadScope;
const posting = new Posting(scope);
const post = (message: FromThread) => posting.post(message);

watchForTheEnd();

/** What the thread is told besides the plugin's module. */
interface ThreadOptions extends PluginLabel {
  /** The folder of results. */
  readonly results?: Omit<Results, "ask">;
}

/** Takes the plugin from its module, and serves the control thread's orders from then on. */
export function startPlugin(exports: Readonly<Record<string, unknown>>, wanted: WantedExport, { results, ...label }: ThreadOptions): void {
  let loaded: LoadedPlugin;
  try {
    loaded = pluginFromModule(exports, wanted, label);
  } catch (thrown) {
    return post({ kind: "unloadable", error: errorBody("load_error", thrown) });
  }
  const asker = new FilesAsker((key, question) => post({ kind: "files", key, question }));
  const printed = new PrintedLines();
  serve(new InlineRunner(loaded, { printed, results: results && { ...results, ask: (question) => asker.ask(question) } }), asker);
  post({ kind: "ready", ready: loaded.ready });
}

function serve(runner: PluginRunner, asker: FilesAsker): void {
  const calls = new ThreadCalls(runner, posting);
  scope.addEventListener("message", ({ data }) => {
    calls.takeOrder();
    if (data.kind === "order") calls.take(readOrder(data));
    else if (data.kind === "together") calls.takeTogether(data.orders.map(readOrder));
    else if (data.kind === "ring") calls.useMemory(data);
    else if (data.kind === "files") asker.take(data.key, data.answer);
    else calls.take(data);
  });
}

/** Nothing tells the control thread of a thread that ends by itself, so that the thread has to. */
function watchForTheEnd(): void {
  const close = scope.close.bind(scope);
  const ending = (thrown: unknown) => {
    post({ kind: "ending", error: errorBody("plugin_exit", thrown) });
    flush(post, { isLast: false });
  };
  scope.addEventListener("error", (event) => ending(event.error ?? event.message));
  scope.addEventListener("unhandledrejection", (event) => ending(event.reason));
  scope.addEventListener("unload", () => ending(new PluginExit("The plugin ended its own thread, by Deno.exit() or process.exit()")));
  scope.close = () => {
    ending(new PluginExit("The plugin ended its own thread, by self.close()"));
    close();
  };
}

class PluginExit extends Error {
  override name = "PluginExit";
}
