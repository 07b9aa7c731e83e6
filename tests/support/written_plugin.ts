/**
 * Deno plugins that a test writes itself.
 *
 * @module
 */
import { dirname, join } from "@std/path";
import { type Manifest, RemoteError, RemotePluginProxy, type StartOptions, WorkerStartError } from "@remote-plugin/proxy";
import type { PermissionSet } from "@remote-plugin/proxy/protocol";
import { ScratchWatch } from "./fixture_proxy.ts";

/** How such a plugin is started. */
export interface WrittenStart {
  /** The file that is the plugin. Default: `plugin.ts`. A URL is taken as it is. */
  readonly module?: string;
  /** What the manifest asks for, and the host grants. */
  readonly permissions?: PermissionSet;
  /** Variables of the host that the plugin's process is given. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly manifest?: Partial<Manifest>;
  readonly options?: StartOptions;
}

/** A folder with a plugin in it, and besides one for its workers that must be empty in the end. */
export class WrittenPlugin implements AsyncDisposable {
  readonly #base: string;
  readonly #scratch: ScratchWatch;

  private constructor(base: string, scratch: ScratchWatch) {
    this.#base = base;
    this.#scratch = scratch;
  }

  /** Writes the files, by their paths inside the folder. */
  static async create(files: Readonly<Record<string, string>>): Promise<WrittenPlugin> {
    const plugin = new WrittenPlugin(await Deno.makeTempDir({ prefix: "written-" }), await ScratchWatch.create());
    for (const [path, text] of Object.entries(files)) await plugin.write(path, text);
    return plugin;
  }

  /** The path of a file in the folder. */
  file(path: string): string {
    return join(this.#base, path);
  }

  /** Writes one more file. */
  async write(path: string, text: string): Promise<void> {
    await Deno.mkdir(dirname(this.file(path)), { recursive: true });
    await Deno.writeTextFile(this.file(path), text);
  }

  /** The names of what is in a folder of it. */
  names(path = "."): string[] {
    return [...Deno.readDirSync(this.file(path))].map(({ name }) => name).sort();
  }

  /** Starts the plugin. */
  async start(
    { module = "plugin.ts", permissions = {}, variables = {}, manifest, options }: WrittenStart = {},
  ): Promise<RemotePluginProxy> {
    const names = Object.keys(variables);
    for (const name of names) Deno.env.set(name, variables[name]!);
    try {
      const url = /^[a-z]+:/.test(module) ? module : this.file(module);
      return await RemotePluginProxy.start(
        { name: "written", runtime: "deno", module: url, permissions, inherit_env: names, ...manifest },
        {
          // A host that names the variables of the process lets a manifest ask for them.
          permissions: { ...permissions, env: names },
          scratchDir: this.#scratch.path,
          ...options,
        },
      );
    } finally {
      for (const name of names) Deno.env.delete(name);
    }
  }

  /** Starts the plugin, calls it once and ends it. */
  async run<Result>(kwargs: Record<string, unknown> = {}, start: WrittenStart = {}): Promise<Result> {
    await using plugin = await this.start(start);
    return await plugin.execute<Result>(kwargs);
  }

  /** What the plugin says when it cannot be loaded or its call fails. */
  async refusal(kwargs: Record<string, unknown> = {}, start: WrittenStart = {}): Promise<string> {
    try {
      return `It gave ${JSON.stringify(await this.run(kwargs, start))}`;
    } catch (error) {
      if (error instanceof RemoteError) return error.remoteMessage;
      if (error instanceof WorkerStartError) return error.message;
      throw error;
    }
  }

  /** Removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#base, { recursive: true });
    await this.#scratch[Symbol.asyncDispose]();
  }
}
