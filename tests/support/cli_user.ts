/**
 * The command-line program as a user runs it: in a process of its own, with the flags that it is installed with.
 *
 * @module
 */
import { dirname, fromFileUrl, join } from "@std/path";
import { fixtureFolder } from "./fixtures.ts";
import { within } from "./guard.ts";
import { hostArguments } from "./run_host.ts";
import { testPython } from "./python.ts";
import { ManifestFolder } from "./managed_plugins.ts";

const PROGRAM = fromFileUrl(new URL("../../src/cli/main.ts", import.meta.url));

/** The flags that the program is installed with. */
const FLAGS = ["--allow-read", "--allow-write", "--allow-net", "--allow-run", "--allow-env"];

const TERMINAL = fromFileUrl(new URL("./in_terminal.py", import.meta.url));

/** How the program is started. */
export interface StartSettings {
  readonly stdin?: "null" | "piped";
  /** Whether it has a terminal, whose output is the child's. Default: false. */
  readonly inTerminal?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** What the program printed, and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A user with a folder for plugins and one in which the program keeps things. */
export class User implements AsyncDisposable {
  /** The folder, in which the program runs. */
  readonly folder: ManifestFolder;

  private constructor(folder: ManifestFolder) {
    this.folder = folder;
  }

  /** Makes the folder, with these manifests by file name. */
  static async create(manifests: Readonly<Record<string, unknown>> = {}): Promise<User> {
    return new User(await ManifestFolder.create(manifests));
  }

  /** Puts a fixture's code into a folder of the user's, where a plugin that is bounded may read it. */
  async takeCode(fixture: string, folder: string): Promise<void> {
    await Deno.mkdir(join(this.folder.path, folder));
    await Deno.copyFile(join(fixtureFolder(fixture), "plugin.py"), join(this.folder.path, folder, "plugin.py"));
  }

  /** Starts the program. */
  start(args: readonly string[], { stdin = "null", inTerminal = false, env = {} }: StartSettings = {}): Deno.ChildProcess {
    const path = `${dirname(testPython())}:${Deno.env.get("PATH")}`;
    const command = [Deno.execPath(), ...hostArguments(), ...FLAGS, PROGRAM, ...args];
    if (inTerminal) command.unshift(testPython(), TERMINAL);
    return new Deno.Command(command[0]!, {
      args: command.slice(1),
      cwd: this.folder.path,
      // Whatever colours the tests themselves are run with, the user has not asked for none.
      env: { REMOTE_PLUGIN_HOME: join(this.folder.path, ".state"), PATH: path, PYTHONDONTWRITEBYTECODE: "1", NO_COLOR: "", ...env },
      stdin,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Runs the program to its end. */
  async run(...args: string[]): Promise<Outcome> {
    const { code, stdout, stderr } = await within(this.start(args).output(), `the end of ${args.join(" ")}`, 30_000);
    const decoder = new TextDecoder();
    return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
  }

  /** Removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]();
  }
}
