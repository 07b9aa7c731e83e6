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
  /** How many files and connections it may have open. Default: as many as the test. */
  readonly mostFiles?: number;
}

/** All that the start of the program takes. */
export interface ProgramStart {
  readonly command: string;
  readonly args: string[];
  readonly cwd: string;
  readonly env: Record<string, string>;
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

  /** How the program is started by another one. */
  command(args: readonly string[]): ProgramStart {
    return {
      command: Deno.execPath(),
      args: [...hostArguments(), ...FLAGS, PROGRAM, ...args],
      cwd: this.folder.path,
      env: {
        REMOTE_PLUGIN_HOME: join(this.folder.path, ".state"),
        PATH: `${dirname(testPython())}:${Deno.env.get("PATH")}`,
        PYTHONDONTWRITEBYTECODE: "1",
        // Whatever colours the tests themselves are run with, the user has not asked for none.
        NO_COLOR: "",
      },
    };
  }

  /** Starts the program. */
  start(args: readonly string[], { stdin = "null", inTerminal = false, env = {}, mostFiles }: StartSettings = {}): Deno.ChildProcess {
    const program = this.command(args);
    const limited = mostFiles === undefined ? [] : ["sh", "-c", `ulimit -n ${mostFiles}; exec "$0" "$@"`];
    const command = [...limited, ...inTerminal ? [testPython(), TERMINAL] : [], program.command, ...program.args];
    const piped = { stdout: "piped", stderr: "piped" } as const;
    return new Deno.Command(command[0]!, { args: command.slice(1), cwd: program.cwd, env: { ...program.env, ...env }, stdin, ...piped })
      .spawn();
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
