import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import { RemotePluginProxy } from "@remote-plugin/proxy";
import type { HelloMessage, StartFailure } from "../../src/protocol/messages.ts";
import { fixtureFolder } from "../support/fixtures.ts";
import { planWorker } from "../support/worker_plan.ts";
import { WorkerProcess } from "../support/worker_process.ts";

type Outcomes = Record<string, string>;

/** What a worker is bound by. */
type Told = Readonly<Record<string, unknown>>;

/** The user "nobody" of most systems, as whom root can become. */
const STRANGER = 65_534;

/** A worker with its places, which its test has to itself. */
class Bound implements AsyncDisposable {
  private constructor(readonly process: WorkerProcess, readonly places: Places, readonly plugin: RemotePluginProxy | undefined) {}

  static async start(fixture: string, { bounds, as }: { bounds?: (places: Places) => Told; as?: number } = {}): Promise<Bound> {
    const places = await makePlaces(fixture, as);
    const start = bounds === undefined ? {} : { bounds: bounds(places) };
    const plan = await planWorker({
      worker: "python",
      transport: "unix",
      fixture,
      folder: places.scratch,
      pluginFolder: places.code,
      programFolder: places.code,
      start,
    });
    const become = as === undefined ? [] : ["setpriv", `--reuid=${as}`, `--regid=${as}`, "--clear-groups"];
    const inheriting = ["/bin/sh", "-c", 'exec "$@" 9</etc/passwd', "sh"];
    const [, ...args] = plan.command;
    const command = [...become, ...inheriting, as === undefined ? plan.command[0]! : "/usr/bin/python3", ...args];
    const process = await WorkerProcess.start({ command, input: JSON.stringify(plan.start) + "\n" });
    if ("error" in process.hello) return new Bound(process, places, undefined);
    return new Bound(process, places, await RemotePluginProxy.attach({ url: `unix:${(process.hello.address as { unix: string }).unix}`, token: plan.start.token }));
  }

  get hello(): HelloMessage | StartFailure {
    return this.process.hello;
  }

  async execute<T>(kwargs: Record<string, unknown> = {}): Promise<T> {
    return await this.plugin!.execute(kwargs) as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
    await Deno.remove(this.places.base, { recursive: true });
  }
}

interface Places {
  readonly base: string;
  readonly code: string;
  readonly scratch: string;
  readonly granted: string;
  readonly outside: string;
}

async function makePlaces(fixture: string, owner?: number): Promise<Places> {
  const base = await Deno.realPath(await Deno.makeTempDir({ prefix: "rp-" }));
  const places = { base, code: join(base, "c"), scratch: join(base, "s"), granted: join(base, "g"), outside: join(base, "o") };
  for (const folder of [places.code, places.scratch, places.granted, places.outside]) await Deno.mkdir(folder);
  await Deno.copyFile(join(fixtureFolder(fixture), "plugin.py"), join(places.code, "plugin.py"));
  for (const name of ["secret", "removable", "movable"]) await Deno.writeTextFile(join(places.outside, name), name);
  await Deno.writeTextFile(join(places.granted, "file"), "granted");
  // Deno itself makes links only for a program that may read and write everywhere.
  await new Deno.Command("ln", { args: ["-s", join(places.outside, "secret"), join(places.granted, "link")] }).output();
  if (owner !== undefined) await giveTo(base, owner);
  return places;
}

async function giveTo(folder: string, owner: number): Promise<void> {
  await Deno.chown(folder, owner, owner);
  for await (const { name, isDirectory, isSymlink } of Deno.readDir(folder)) {
    if (isDirectory) await giveTo(join(folder, name), owner);
    else if (!isSymlink) await Deno.chown(join(folder, name), owner, owner);
  }
}
async function attempts(options: { bounds?: (places: Places) => Told; as?: number }): Promise<Outcomes> {
  await using bound = await Bound.start("attempts", options);
  using tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const unix = join(bound.places.outside, "socket");
  using _listener = Deno.listen({ transport: "unix", path: unix });
  if (options.as !== undefined) await Deno.chown(unix, options.as, options.as);
  const { outside, granted, scratch } = bound.places;
  return await bound.execute<Outcomes>({ outside, granted, scratch, host: Deno.pid, port: tcp.addr.port, unix });
}
Deno.test("try", async () => {
  const bounds = ({ granted }: Places) => ({ read: [granted], write: [], net: false, run: false });
  const free = await attempts({});
  const asRoot = await attempts({ bounds });
  const freeNobody = await attempts({ as: STRANGER });
  const nobody = await attempts({ bounds, as: STRANGER });
  for (const name of Object.keys(free)) console.log(name.padEnd(40), free[name], asRoot[name], freeNobody[name], nobody[name]);
});
