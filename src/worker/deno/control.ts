/**
 * What the control thread does once the plugin's thread is on its way: it answers requests.
 *
 * @module
 */
import type { StartMessage } from "../../protocol/messages.ts";
import { HttpServer } from "./http_server.ts";
import { usageMeter } from "./process_usage.ts";
import { WorkerSession } from "./session.ts";
import type { StartedThread } from "./started_thread.ts";
import { ThreadRunner } from "./thread_runner.ts";

/** Answers every connection from here on, by what the plugin's thread does. */
export function serve(thread: StartedThread, { plugin, limits, token, listen }: StartMessage, listener: Deno.Listener): ThreadRunner {
  const runner = new ThreadRunner(thread);
  const session = new WorkerSession(runner, { plugin, limits, pid: Deno.pid, usage: usageMeter() });
  const server = new HttpServer(session, { token, isTcp: "tcp" in listen, limits });
  void server.serve(listener);
  return runner;
}
