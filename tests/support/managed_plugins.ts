/**
 * Managers of fixture plugins, and what they tell while they work.
 *
 * @module
 */
import { join } from "@std/path";
import type { Manifest } from "@remote-plugin/proxy";
import { type ManagerEvent, type ManagerOptions, PluginManager } from "@remote-plugin/proxy/manager";
import { within } from "./guard.ts";
import { BOTH, fixtureManifest, ScratchWatch } from "./fixture_proxy.ts";

/** The manifest of a Python fixture, with what a test wants to be different. */
export async function pythonManifest(fixture: string, changes: Partial<Manifest> = {}): Promise<Manifest> {
  return { ...await fixtureManifest(BOTH[0]!, fixture), ...changes };
}

/** A manager whose workers must leave nothing, and the events that it has told. */
export class ManagerWatch implements AsyncDisposable {
  /** The manager. */
  readonly manager: PluginManager;
  /** What it has told so far. */
  readonly events: ManagerEvent[] = [];
  readonly #scratch: ScratchWatch;
  readonly #reading: Promise<void>;
  readonly #waiting = new Set<() => void>();

  private constructor(manager: PluginManager, scratch: ScratchWatch) {
    this.manager = manager;
    this.#scratch = scratch;
    this.#reading = this.#read();
  }

  /** Makes the manager. */
  static async create(options: ManagerOptions): Promise<ManagerWatch> {
    const scratch = await ScratchWatch.create();
    return new ManagerWatch(await PluginManager.create({ scratchDir: scratch.path, healthIntervalMs: 0, ...options }), scratch);
  }

  /** Makes the manager of one Python fixture. */
  static async of(fixture: string, options: ManagerOptions = {}, changes: Partial<Manifest> = {}): Promise<ManagerWatch> {
    return await ManagerWatch.create({ manifests: [await pythonManifest(fixture, changes)], ...options });
  }

  /** Waits until it has told of something so many times. */
  async told(type: ManagerEvent["type"], times = 1): Promise<ManagerEvent> {
    const found = () => this.events.filter((event) => event.type === type)[times - 1];
    await within(this.#until(() => found() !== undefined), `event ${times} of type "${type}"`);
    return found()!;
  }

  /** Waits until a condition holds, looking after each event. */
  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** How many workers it has of all plugins. */
  get workers(): number {
    return this.manager.list().reduce((sum, { state }) => sum + ("workers" in state ? state.workers : 0), 0);
  }

  /** Ends the manager, and fails when it has left something. */
  async [Symbol.asyncDispose](): Promise<void> {
    await within(this.manager[Symbol.asyncDispose](), "the manager's end");
    await this.#reading;
    await this.#scratch[Symbol.asyncDispose]();
  }

  async #read(): Promise<void> {
    for await (const event of this.manager.events) {
      this.events.push(event);
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
    }
  }
}

/** A folder with manifests. */
export class ManifestFolder implements AsyncDisposable {
  /** The folder. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes it, with these manifests by file name. */
  static async create(manifests: Readonly<Record<string, unknown>>): Promise<ManifestFolder> {
    const folder = new ManifestFolder(await Deno.makeTempDir({ prefix: "manifests-" }));
    for (const [name, manifest] of Object.entries(manifests)) await folder.write(name, manifest);
    return folder;
  }

  /** Writes a manifest, or any other text. */
  async write(name: string, content: unknown): Promise<void> {
    const path = join(this.path, name);
    await Deno.mkdir(join(path, ".."), { recursive: true });
    await Deno.writeTextFile(path, typeof content === "string" ? content : JSON.stringify(content));
  }

  /** Removes a manifest. */
  async remove(name: string): Promise<void> {
    await Deno.remove(join(this.path, name));
  }

  /** Removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** Makes a symbolic link. Deno lets only those make one who may read and write everything. */
export async function link(target: string, path: string): Promise<void> {
  const { success } = await new Deno.Command("ln", { args: ["-s", "-n", target, path] }).output();
  if (!success) throw new Error(`"${path}" cannot be made a link to "${target}"`);
}
