/**
 * A launcher whose workers are as far away as those of a cluster: they are reached by TCP alone, through a splice, and share no folder with the host.
 *
 * @module
 */
import type { Launcher, WorkerExit } from "@remote-plugin/proxy";
import type { LaunchedWorker, LaunchOptions, LaunchWatch } from "../../src/process/launcher.ts";
import { LOCAL_LAUNCHER } from "../../src/process/local_launcher.ts";
import type { PluginSpec } from "../../src/manifest/manifest.ts";
import { dial } from "../../src/process/dial.ts";
import { untilAborted } from "../../src/protocol/until_aborted.ts";

/** What a test wants to be different. What is no plain data does not reach the thread of a blocking proxy. */
export interface ElsewhereOptions {
  /** What a start waits for before it begins, one reason after the other. Default: nothing. */
  readonly queue?: readonly string[];
  /** When a start that waits may begin. Default: at once. */
  readonly admitted?: Promise<unknown>;
  /** Why nobody saw how the worker ended. Default: it is seen. */
  readonly lost?: string;
}

/** Makes the launcher. */
export function elsewhere(options: ElsewhereOptions = {}): Launcher {
  const { admitted: _, ...data } = options;
  return {
    ...LOCAL_LAUNCHER,
    isLocal: false,
    launch: (spec, start, watch) => launch(spec, { start, options }, watch),
    asData: () => ({ module: import.meta.url, options: data }),
  };
}

/** Makes it in another thread. */
export const launcherFrom: typeof elsewhere = elsewhere;

interface LaunchPlan {
  readonly start: LaunchOptions;
  readonly options: ElsewhereOptions;
}

async function launch(
  spec: PluginSpec,
  { start, options: { queue = [], admitted, lost } }: LaunchPlan,
  watch: LaunchWatch,
): Promise<LaunchedWorker> {
  for (const [at, reason] of queue.entries()) watch.onQueued({ reason, sinceMs: at });
  if (admitted !== undefined) await untilAborted(admitted, watch.signal);
  const worker = await LOCAL_LAUNCHER.launch(spec, start, watch);
  return new SplicedWorker(worker, { listener: Deno.listen({ hostname: "127.0.0.1", port: 0 }), lost });
}

class SplicedWorker implements LaunchedWorker {
  readonly #worker: LaunchedWorker;
  readonly #listener: Deno.TcpListener;
  readonly scratch = undefined;
  readonly endpoint = undefined;
  readonly placement = { node: "127.0.0.1", job: crypto.randomUUID() };

  readonly #lost: string | undefined;

  constructor(worker: LaunchedWorker, { listener, lost }: { listener: Deno.TcpListener; lost: string | undefined }) {
    this.#worker = worker;
    this.#listener = listener;
    this.#lost = lost;
    listener.unref();
    void this.#serve();
    void worker.exited.finally(() => listener.close());
  }

  get spec(): LaunchedWorker["spec"] {
    return this.#worker.spec;
  }

  /** Nobody writes files anew that the worker alone has. */
  get hello(): LaunchedWorker["hello"] {
    const { features, ...hello } = this.#worker.hello;
    return { ...hello, features: features.filter((feature) => feature !== "reuse") };
  }

  get token(): string {
    return this.#worker.token;
  }

  get permissions(): LaunchedWorker["permissions"] {
    return this.#worker.permissions;
  }

  get warnings(): readonly string[] {
    return this.#worker.warnings;
  }

  get log(): LaunchedWorker["log"] {
    return this.#worker.log;
  }

  get exited(): LaunchedWorker["exited"] {
    return this.#worker.exited.then((exit) => this.#told(exit));
  }

  dial(): Promise<Deno.Conn> {
    const { hostname, port } = this.#listener.addr;
    return dial({ tcp: `${hostname}:${port}` });
  }

  async endedWithin(milliseconds: number): Promise<WorkerExit | undefined> {
    const exit = await this.#worker.endedWithin(milliseconds);
    return exit && this.#told(exit);
  }

  heldBack(connection: string, milliseconds: number): ReturnType<LaunchedWorker["heldBack"]> {
    return this.#worker.heldBack(connection, milliseconds);
  }

  onEnd(readOut: () => Promise<void>): void {
    this.#worker.onEnd(readOut);
  }

  ref(): void {
    this.#worker.ref();
  }

  unref(): void {
    this.#worker.unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker[Symbol.asyncDispose]();
  }

  #told(exit: WorkerExit): WorkerExit {
    const isClean = exit.code === 0;
    return this.#lost === undefined || isClean ? exit : { code: null, signal: null, outOfMemory: false, lost: this.#lost };
  }

  async #serve(): Promise<void> {
    for await (const conn of this.#listener) void this.#splice(conn);
  }

  async #splice(conn: Deno.TcpConn): Promise<void> {
    conn.setNoDelay();
    const other = await this.#worker.dial().catch(() => conn.close());
    if (other === undefined) return;
    // Whoever hangs up has hung up in both directions.
    const abort = new AbortController();
    const pipe = (from: Deno.Conn, to: Deno.Conn) =>
      from.readable.pipeTo(to.writable, { signal: abort.signal }).catch(() => {}).then(() => abort.abort());
    await Promise.all([pipe(conn, other), pipe(other, conn)]);
  }
}
