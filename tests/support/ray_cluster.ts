/**
 * A real Ray cluster of two nodes, by `ray_cluster.py`.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { TextLineStream } from "@std/streams";
import { testPython } from "./python.ts";

/** What of a cluster can be killed: the processes of each kind. */
export type ClusterPart = "raylet1" | "raylet2" | "gcs" | "dashboard" | "supervisor" | "agent" | "worker";

interface ClusterFacts {
  readonly dashboard: string;
  readonly token: string;
  readonly addresses: readonly [string, string];
  readonly canCut: boolean;
  readonly seconds: number;
}

/** The resource that only the second node has. */
export const ON_SECOND: Readonly<Record<string, number>> = { second: 0.01 };

/** A cluster. Whatever becomes of the tests, it ends with them. */
export class RayCluster implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #facts: ClusterFacts;

  private constructor(child: Deno.ChildProcess, lines: ReadableStreamDefaultReader<string>, facts: ClusterFacts) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#lines = lines;
    this.#facts = facts;
  }

  /** Starts one with the Ray of a virtual environment. Its paths are short, for those of sockets must be. */
  static async start(environment: string): Promise<RayCluster> {
    const folder = await Deno.makeTempDir({ prefix: "r" });
    const script = fromFileUrl(new URL("ray_cluster.py", import.meta.url));
    const child = new Deno.Command(testPython(), {
      args: [script, environment, folder],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
      // A terminal's Ctrl-C would end its parts in any order.
      detached: true,
    }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
    const { value } = await lines.read();
    if (value === undefined) throw new Error(`There is no cluster: the script ended with ${(await child.status).code}`);
    return new RayCluster(child, lines, JSON.parse(value));
  }

  get dashboard(): string {
    return this.#facts.dashboard;
  }

  get token(): string {
    return this.#facts.token;
  }

  /** The nodes' addresses. */
  get addresses(): readonly [string, string] {
    return this.#facts.addresses;
  }

  /** Whether the network of the second node is one of its own. */
  get canCut(): boolean {
    return this.#facts.canCut;
  }

  /** How long it took to come up. */
  get seconds(): number {
    return this.#facts.seconds;
  }

  /** Nothing reaches the second node any more, and nothing comes from it. */
  async cut(): Promise<void> {
    await this.#ask("cut");
  }

  /** Undoes that. */
  async mend(): Promise<void> {
    await this.#ask("mend");
  }

  /** Kills the processes of a kind, and tells their ids. */
  async kill(part: ClusterPart): Promise<number[]> {
    return await this.#ask(`kill ${part}`) as number[];
  }

  /** Starts the second node anew, which was killed. */
  async restartSecond(): Promise<void> {
    await this.#ask("second");
  }

  /** All processes of the cluster, by their kinds. */
  async pids(): Promise<Partial<Record<ClusterPart, number[]>>> {
    return await this.#ask("pids") as Partial<Record<ClusterPart, number[]>>;
  }

  /** Asks the dashboard. */
  async api<Answer>(method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<Answer> {
    const headers = { authorization: `Bearer ${this.token}`, "content-type": "application/json" };
    const reply = await fetch(`${this.dashboard}/api/${path}`, { method, headers, body: body && JSON.stringify(body) });
    return await reply.json();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#child.status;
    await this.#lines.cancel();
  }

  async #ask(command: string): Promise<unknown> {
    await this.#input.write(new TextEncoder().encode(`${command}\n`));
    const { value } = await this.#lines.read();
    if (value === undefined) throw new Error("The cluster's script has ended");
    return JSON.parse(value);
  }
}
