/**
 * Starts the fixture plugins by the public API, and counts what they leave behind.
 *
 * @module
 */
import { fromFileUrl, join } from "@std/path";
import {
  type Launcher,
  type Manifest,
  RemotePluginProxy,
  RemotePluginProxySync,
  type StartOptions,
  type WorkerAddress,
} from "@remote-plugin/proxy";
import { eventually } from "./guard.ts";
import { fixtureFolder, readFixture, type WorkerKind } from "./fixtures.ts";
import { testPython } from "./python.ts";
import { elsewhere } from "./elsewhere.ts";
import { AwaitedProxy, type EitherProxy } from "./awaited_proxy.ts";

/** Which worker, how it is reached, and by which of the proxies. */
export interface Face {
  readonly worker: WorkerKind;
  readonly transport: "unix" | "tcp";
  /** `false`: by HTTP alone. */
  readonly upgrade?: false;
  readonly blocking?: boolean;
  /** Whether it is started as far away as on a cluster, from which it shares no folder with its host. */
  readonly isElsewhere?: true;
}

/** Both workers, each as it is reached by default. */
export const BOTH: readonly Face[] = [{ worker: "python", transport: "unix" }, { worker: "deno", transport: "unix" }];

/** Both workers, over HTTP and over upgraded connections. */
export const BOTH_WIRES: readonly Face[] = [...BOTH, ...BOTH.map((face): Face => ({ ...face, upgrade: false }))];

/** Both workers on both transports, and by HTTP alone. */
export const FACES: readonly Face[] = [...BOTH_WIRES, ...BOTH.map((face): Face => ({ ...face, transport: "tcp" }))];

const BLOCKING: readonly Face[] = BOTH.map((face) => ({ ...face, blocking: true }));

/** All faces, and the blocking proxy. */
export const FACES_OF_EITHER: readonly Face[] = [...FACES, ...BLOCKING];

/** Both workers, by the asynchronous and by the blocking proxy. */
export const BOTH_OF_EITHER: readonly Face[] = [...BOTH, ...BLOCKING];

/** Both workers elsewhere. */
export const ELSEWHERE: readonly Face[] = BOTH.map((face) => ({ ...face, isElsewhere: true }));

/** Both workers elsewhere, by the asynchronous and by the blocking proxy. */
export const ELSEWHERE_OF_EITHER: readonly Face[] = BOTH_OF_EITHER.map((face) => ({ ...face, isElsewhere: true }));

/** How a test calls the worker and its proxy. */
export function labelOf({ worker, blocking, upgrade, isElsewhere }: Face): string {
  return `${worker}${isElsewhere ? " elsewhere" : ""}${blocking ? ", blocking" : ""}${upgrade === false ? ", by HTTP" : ""}`;
}

/** What a test wants to be different from the fixture's manifest. */
export interface FixtureOptions extends StartOptions {
  readonly manifest?: Partial<Manifest>;
}

/** A fixture's manifest, its paths absolute. */
export async function fixtureManifest(face: Face, fixture: string): Promise<Manifest> {
  const folder = fixtureFolder(fixture);
  const place = face.worker === "python" ? { python_path: testPython(), plugin_path: folder } : { module: join(folder, "plugin.ts") };
  return { ...await readFixture(face.worker, fixture), ...place, transport: face.transport };
}

/** Where the workers of the original's first releases are, and their plugin. */
export const FOREIGN_FOLDER: string = fromFileUrl(new URL("../fixtures/foreign", import.meta.url));

/** A plugin on the worker of a first release. */
export function foreignManifest(changes: Partial<Manifest> = {}): Manifest {
  const own: Manifest = {
    name: "foreign",
    python_path: testPython(),
    plugin_path: FOREIGN_FOLDER,
    worker: "old_worker",
    module: "plugin",
    class: "Plugin",
  };
  return { ...own, ...changes, env_vars: { PYTHONDONTWRITEBYTECODE: "1", ...changes.env_vars } };
}

/** Starts a fixture's worker. */
export async function startFixture(face: Face, fixture: string, options: FixtureOptions = {}): Promise<RemotePluginProxy> {
  const manifest = { ...await fixtureManifest(face, fixture), ...options.manifest };
  return await RemotePluginProxy.start(manifest, {
    permissions: "requested",
    upgrade: face.upgrade,
    launcher: launcherOf(face),
    ...options,
  });
}

/** Starts a fixture's worker by the proxy that the face names. */
export async function startEither(face: Face, fixture: string, options: FixtureOptions = {}): Promise<EitherProxy> {
  if (!face.blocking) return await startFixture(face, fixture, options);
  return new AwaitedProxy(await startBlocking(face, fixture, options));
}

/** Starts a fixture's worker by the blocking proxy. */
export async function startBlocking(face: Face, fixture: string, options: FixtureOptions = {}): Promise<RemotePluginProxySync> {
  const { manifest, ...others } = options;
  return RemotePluginProxySync.start({ ...await fixtureManifest(face, fixture), ...manifest }, {
    permissions: "requested",
    launcher: launcherOf(face),
    ...others,
  });
}

function launcherOf({ isElsewhere }: Face): Launcher | undefined {
  return isElsewhere ? elsewhere() : undefined;
}

/** The process in which a plugin runs, wherever that is. */
export async function workerPid(plugin: Pick<EitherProxy, "getStats">): Promise<number> {
  return (await plugin.getStats()).pid;
}

/** Attaches by the proxy that the face names. */
export async function attachEither(face: Face, endpoint: WorkerAddress): Promise<EitherProxy> {
  return face.blocking
    ? new AwaitedProxy(RemotePluginProxySync.attach(endpoint))
    : await RemotePluginProxy.attach(endpoint, { upgrade: face.upgrade });
}

/** A temporary folder that must be empty when the test has ended. */
export class ScratchWatch implements AsyncDisposable {
  /** The folder, to be given as `scratchDir`. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes the folder. */
  static async create(): Promise<ScratchWatch> {
    return new ScratchWatch(await Deno.makeTempDir({ prefix: "watch-" }));
  }

  /** The names of what is in the folder. */
  names(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name);
  }

  /** Removes the folder, and fails when something was left in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const left = this.names();
    await Deno.remove(this.path, { recursive: true });
    if (left.length > 0) throw new Error(`Left behind: ${left.join(", ")}`);
  }
}

/** Whether a process is there, a dead one that nobody has reaped not counted. */
export async function isRunning(pid: number): Promise<boolean> {
  // Deno reads nothing under /proc for a program that does not hold every permission.
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "stat=", "-p", String(pid)], stderr: "null" }).output();
  const state = new TextDecoder().decode(stdout).trim();
  return state !== "" && !state.startsWith("Z");
}

/** Resolves when a process has ended. Nothing tells of the end of another's child, so this one has to look. */
export async function gone(pid: number): Promise<void> {
  await eventually(async () => !await isRunning(pid), `the end of the process ${pid}`);
}
