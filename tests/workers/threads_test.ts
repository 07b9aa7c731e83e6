import { join } from "@std/path";
import type { ThreadPlan } from "../fixtures/threads/holds_plugin.ts";
import { eventually } from "../support/guard.ts";
import { hostArguments, hostProgram } from "../support/run_host.ts";
import { BOTH, type Face, fixtureManifest, gone, ScratchWatch } from "../support/fixture_proxy.ts";
import { PrintedLines } from "../support/printed_lines.ts";

type Plan = Pick<ThreadPlan, "kind" | "blocking" | "then" | "timeoutMs"> & { readonly fixture?: string };

/** What makes a stream that reports more than is taken. */
const STEPS = Array.from({ length: 3_000 }, () => [0.5, ""]);

/** A program whose threads hold plugins, and which outlives them. */
class ThreadedHost implements AsyncDisposable {
  readonly #scratch: ScratchWatch;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: PrintedLines;
  readonly #count: number;

  private constructor(plans: readonly ThreadPlan[], scratch: ScratchWatch) {
    const args = [...hostArguments(), "--allow-all", hostProgram("holds_by_threads"), ...plans.map((plan) => JSON.stringify(plan))];
    this.#child = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#lines = new PrintedLines(this.#child.stdout);
    this.#scratch = scratch;
    this.#count = plans.length;
  }

  static async start(face: Face, plans: readonly Plan[]): Promise<ThreadedHost> {
    const scratch = await ScratchWatch.create();
    const options = { scratchDir: scratch.path, permissions: "requested" } as const;
    const complete = plans.map(async ({ fixture, ...plan }): Promise<ThreadPlan> => {
      const isStream = plan.then === "stream";
      const manifest = await fixtureManifest(face, fixture ?? (isStream ? "reports" : "holds"));
      return { ...plan, manifest, options, kwargs: isStream ? { steps: STEPS } : { hold: "for ever" } };
    });
    return new ThreadedHost(await Promise.all(complete), scratch);
  }

  /** The processes of all workers, once their plugins are loaded. */
  async pids(): Promise<number[]> {
    const pids: number[] = [];
    while (pids.length < this.#count) pids.push(Number(await this.#lines.next("the process of a thread's worker")));
    return pids;
  }

  /** The processes of all workers, once they are there, though their plugins may not be loaded. */
  async children(): Promise<number[]> {
    const isThere = (name: string) => [...Deno.readDirSync(join(this.#scratch.path, name))].some((file) => file.name === "worker.sock");
    await eventually(() => this.#scratch.names().filter(isThere).length === this.#count, "the workers' sockets");
    const { stdout } = await new Deno.Command("ps", { args: ["--ppid", String(this.#child.pid), "-o", "pid="] }).output();
    return new TextDecoder().decode(stdout).trim().split("\n").map(Number);
  }

  async terminateThreads(): Promise<void> {
    await this.#input.write(new TextEncoder().encode("now\n"));
  }

  /** Waits until these have ended and taken their folders along, as they do when they end in order. */
  async haveEnded(pids: readonly number[]): Promise<void> {
    await Promise.all(pids.map(gone));
    await eventually(() => this.#scratch.names().length === 0, "the end of the workers' folders");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#lines.cancel();
    await this.#child.status;
    await this.#scratch[Symbol.asyncDispose]();
  }
}

/** Has threads hold plugins as they are to, ends them, and waits for the ends of the workers. */
async function endThreads(face: Face, plans: readonly Plan[]): Promise<void> {
  await using host = await ThreadedHost.start(face, plans);
  const pids = await host.pids();
  await host.terminateThreads();
  await host.haveEnded(pids);
}

const BLOCKING = [false, true] as const;

for (const face of BOTH) {
  const label = face.worker;

  for (const kind of ["web", "node"] as const) {
    Deno.test(`${label}: a thread (${kind}) that is terminated, closes itself or throws takes along the workers that it holds`, async () => {
      const ways = ["idle", "close", "throw"] as const;
      const waiting: Plan[] = [{ kind, blocking: false, then: "call" }, { kind, blocking: false, then: "stream" }];
      await endThreads(face, [...waiting, ...BLOCKING.flatMap((blocking) => ways.map((then): Plan => ({ kind, blocking, then })))]);
    });

    Deno.test(`${label}: a thread (${kind}) that is terminated while its plugin is loaded takes the worker along`, async () => {
      // A blocking start in a Web Worker is a wait like any other, see below.
      const faces = kind === "web" ? [false] : BLOCKING;
      await using host = await ThreadedHost.start(
        face,
        faces.map((blocking) => ({ kind, blocking, then: "idle", fixture: "never_loads" })),
      );
      const pids = await host.children();
      await host.terminateThreads();
      await host.haveEnded(pids);
    });
  }

  Deno.test(`${label}: a thread of node:worker_threads is stopped while it waits for a blocking call or stream, and takes the worker along`, async () => {
    const plans = (["call", "stream"] as const).map((then): Plan => ({ kind: "node", blocking: true, then }));
    await endThreads(face, [...plans, ...plans]);
  });

  // Deno lets a Web Worker that is terminated go on until it is back in its event loop.
  Deno.test(`${label}: a Web Worker that is terminated while it waits for a blocking call takes the worker along when the wait has ended`, async () => {
    await endThreads(face, [{ kind: "web", blocking: true, then: "call", timeoutMs: 500 }]);
  });
}
