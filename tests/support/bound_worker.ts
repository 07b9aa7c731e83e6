/**
 * Python workers that are started with bounds, without the host's code, each in places of its own.
 *
 * @module
 */
import { join } from "@std/path";
import { RemotePluginProxy } from "@remote-plugin/proxy";
import type { HelloMessage, StartFailure } from "../../src/protocol/messages.ts";
import { fixtureFolder } from "./fixtures.ts";
import { planWorker, type TransportKind } from "./worker_plan.ts";
import { WorkerProcess } from "./worker_process.ts";

/** A file that every worker here inherits under the number 9 from whoever has started it. */
const INHERITED = "/etc/passwd";

/** The user "nobody" of most systems, as whom root can become. The number matters, not the name. */
export const STRANGER = 65_534;

/** The places of one worker. */
export interface Places {
  /** The folder that holds all of them. */
  readonly base: string;
  /** The plugin's own folder. */
  readonly code: string;
  /** The worker's scratch folder. */
  readonly scratch: string;
  /** What the plugin may read, with a file and a link that leads out. */
  readonly granted: string;
  /** What it may not see, with a few files. */
  readonly outside: string;
}

/** How a worker is started. */
export interface BoundOptions {
  /** `bounds` of the start line; none by default. */
  readonly bounds?: (places: Places) => Readonly<Record<string, unknown>>;
  /** Files in the folder that may be read. */
  readonly files?: Readonly<Record<string, string>>;
  /** Variables of the worker. One that binds itself gets them by its start line. */
  readonly variables?: (places: Places) => Readonly<Record<string, string>>;
  /** What else differs in the start line. */
  readonly start?: Readonly<Record<string, unknown>>;
  /** The user that the worker runs as, and that owns its places. Default: the test's own. */
  readonly as?: number;
  /** A program that is run in front of the worker's. */
  readonly launcher?: readonly string[];
  readonly transport?: TransportKind;
  /** The interpreter. Default: the tests' own, or the system's for another user. */
  readonly python?: string;
}

/** A worker with its places, which its test has to itself. */
export class BoundWorker implements AsyncDisposable {
  readonly process: WorkerProcess;
  readonly places: Places;
  readonly #plugin: RemotePluginProxy | undefined;

  private constructor(process: WorkerProcess, places: Places, plugin: RemotePluginProxy | undefined) {
    this.process = process;
    this.places = places;
    this.#plugin = plugin;
  }

  /** Starts a worker for a fixture, and waits for its hello line. */
  static async start(fixture: string, options: BoundOptions = {}): Promise<BoundWorker> {
    const places = await makePlaces(fixture, options);
    const { transport = "unix", bounds } = options;
    const variables = options.variables?.(places);
    const bound = bounds === undefined ? {} : { bounds: bounds(places), plugin: { env: variables ?? {} } };
    const start = { ...options.start, ...bound };
    const plan = await planWorker({
      worker: "python",
      transport,
      fixture,
      folder: places.scratch,
      pluginFolder: places.code,
      programFolder: places.code,
      start,
    });
    const process = await WorkerProcess.start({
      command: commandOf(plan.command, options),
      input: JSON.stringify(plan.start) + "\n",
      variables: bounds === undefined ? variables : {},
    });
    const { hello } = process;
    if ("error" in hello) return new BoundWorker(process, places, undefined);
    const url = "unix" in hello.address ? `unix:${hello.address.unix}` : `http://${hello.address.tcp}`;
    return new BoundWorker(process, places, await RemotePluginProxy.attach({ url, token: plan.start.token }));
  }

  /** What the worker has said of itself. */
  get hello(): HelloMessage | StartFailure {
    return this.process.hello;
  }

  /** The plugin. */
  get plugin(): RemotePluginProxy {
    if (this.#plugin === undefined) throw new Error(`The worker did not start: ${JSON.stringify(this.hello)}`);
    return this.#plugin;
  }

  /** Ends the worker, and removes its places. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#plugin?.[Symbol.asyncDispose]();
    await this.process[Symbol.asyncDispose]();
    await Deno.remove(this.places.base, { recursive: true });
  }
}

function commandOf([own, ...args]: readonly string[], { as, launcher = [], python, bounds }: BoundOptions): string[] {
  const become = as === undefined ? [] : ["setpriv", `--reuid=${as}`, `--regid=${as}`, "--clear-groups"];
  const inheriting = ["/bin/sh", "-c", `exec "$@" 9<${INHERITED}`, "sh"];
  // The Python of the tests may be where nobody else may go.
  return [
    ...become,
    ...inheriting,
    ...launcher,
    python ?? (as === undefined ? own! : "/usr/bin/python3"),
    ...(bounds === undefined ? [] : ["-S"]),
    ...args,
  ];
}

async function makePlaces(fixture: string, { as: owner, files = {} }: BoundOptions): Promise<Places> {
  const base = await Deno.realPath(await Deno.makeTempDir({ prefix: "rp-" }));
  const places = { base, code: join(base, "c"), scratch: join(base, "s"), granted: join(base, "g"), outside: join(base, "o") };
  for (const folder of [places.code, places.scratch, places.granted, places.outside]) await Deno.mkdir(folder);
  await Deno.copyFile(join(fixtureFolder(fixture), "plugin.py"), join(places.code, "plugin.py"));
  for (const name of ["secret", "removable", "movable"]) await Deno.writeTextFile(join(places.outside, name), name);
  await Deno.writeTextFile(join(places.granted, "file"), "granted");
  // Deno itself makes links only for a program that may read and write everywhere.
  await new Deno.Command("ln", { args: ["-s", join(places.outside, "secret"), join(places.granted, "link")] }).output();
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(places.granted, name), text);
  if (owner !== undefined) await new Deno.Command("chown", { args: ["-R", "-h", `${owner}:${owner}`, base] }).output();
  return places;
}

/** Whether the tests are root's. */
export async function isRoot(): Promise<boolean> {
  const { stdout } = await new Deno.Command("id", { args: ["-u"] }).output();
  return new TextDecoder().decode(stdout).trim() === "0";
}

/** Why bounds cannot be tested here as this user; `undefined` when they can. */
export async function whyUnbound(as?: number): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "only Linux holds bounds";
  if (as !== undefined && !await isRoot()) return "only root can become another user";
  await using worker = await BoundWorker.start("echo", { bounds: () => ({}), as });
  return "error" in worker.hello ? worker.hello.error.message : undefined;
}
