/**
 * Plugins whose environments are made in a test, by the real `uv` and from the real PyPI.
 *
 * @module
 */
import type { EnvironmentStep, Manifest } from "@remote-plugin/proxy";
import { dirname, join } from "@std/path";
import { userCache } from "../../src/manifest/user_cache.ts";
import { hostVariables } from "./host_variables.ts";

/** The Python beside which `uv` is; empty where it cannot be had, which tools/test.ts tells aloud. */
const PYTHON: string = Deno.env.get("REMOTE_PLUGIN_TEST_PACKAGED_PYTHON") ?? "";

/** Whether no environment can be made here. */
export const CANNOT_MAKE: boolean = PYTHON === "";

/** What most tests install: a package of one file without dependencies. */
export const PACKAGE = "iniconfig==2.0.0";

const PLUGIN = `
import sys

class Plugin:
    def execute(self, module="iniconfig"):
        return {"python": sys.executable, "file": __import__(module).__file__}
`;

/** A plugin's folder, and an empty cache of this test's own. What \`uv\` has fetched it shares with all others. */
export class EnvironmentTrial implements AsyncDisposable {
  /** The plugin's folder. */
  readonly folder: string;
  /** The user's folder for caches. */
  readonly cache: string;
  /** What was told while environments were made. */
  readonly steps: EnvironmentStep[] = [];
  readonly #variables: DisposableStack = new DisposableStack();

  private constructor(folder: string) {
    this.folder = join(folder, "plugin");
    this.cache = join(folder, "cache");
    // Deno has its own cache in the same place, and would fill it again.
    const denoDir = Deno.env.get("DENO_DIR") ?? join(userCache()!, "deno");
    this.set({
      DENO_DIR: denoDir,
      XDG_CACHE_HOME: this.cache,
      UV: join(dirname(PYTHON), "uv"),
      UV_CACHE_DIR: join(dirname(dirname(PYTHON)), "cache"),
    });
  }

  /** Makes the folder, with a plugin in it. */
  static async create(): Promise<EnvironmentTrial> {
    const trial = new EnvironmentTrial(await Deno.makeTempDir({ prefix: "environment-" }));
    await Deno.mkdir(trial.folder);
    await trial.write("plugin.py", PLUGIN);
    return trial;
  }

  /** Sets variables of this host for as long as the test runs. */
  set(values: Readonly<Record<string, string>>): void {
    this.#variables.use(hostVariables(values));
  }

  /** Writes a file of the plugin's. */
  async write(name: string, text: string): Promise<void> {
    const path = join(this.folder, name);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, text);
  }

  /** The plugin's manifest, in a file. */
  async manifest(environment: Manifest["environment"], more: Partial<Manifest> = {}): Promise<string> {
    await this.write("plugin.json", JSON.stringify({ name: "tried", module: "plugin", class: "Plugin", environment, ...more }));
    return join(this.folder, "plugin.json");
  }

  /** The folder of all environments. */
  get environments(): string {
    return join(this.cache, "remote-plugin", "environments");
  }

  /** What lies there besides locks. */
  left(): string[] {
    try {
      return [...Deno.readDirSync(this.environments)].map(({ name }) => name).filter((name) => !name.endsWith(".lock"));
    } catch {
      return [];
    }
  }

  /** Takes the steps. */
  readonly onEnvironment = (step: EnvironmentStep): void => void this.steps.push(step);

  /** Removes all. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#variables.dispose();
    await Deno.remove(dirname(this.folder), { recursive: true });
  }
}

/** A script's text with its metadata, and a plugin in it. */
export function scriptWith(metadata: string): string {
  return `# /// script\n${metadata.split("\n").map((line) => `# ${line}`).join("\n")}\n# ///\n${PLUGIN}`;
}
