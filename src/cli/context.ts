/**
 * What all commands share: where plugins are, where the program keeps things, and how it is interrupted.
 *
 * @module
 */
import { join, resolve } from "@std/path";
import { cjmManifestFolders } from "../manifest/discover.ts";
import { PluginManager } from "../manager/plugin_manager.ts";
import type { ManagerOptions } from "../manager/options.ts";
import type { PermissionPolicy } from "../permissions/grant.ts";
import type { LogRecord } from "../process/output_log.ts";
import { UsageError } from "./exit.ts";
import { toLogLine } from "./log_file.ts";
import { Terminal, yellow } from "./terminal.ts";

/** The options that every command has. */
export interface CommonOptions {
  readonly folder?: readonly string[];
  readonly stateDir?: string;
  readonly json?: boolean;
  readonly trust?: boolean;
}

/** What a command works with. */
export class Context {
  /** Where it writes. */
  readonly terminal: Terminal;
  /** The folders in which plugins are looked for. */
  readonly folders: readonly string[];
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly #options: CommonOptions;

  /** Takes the options of the command line. */
  constructor(options: CommonOptions, signal: AbortSignal) {
    this.terminal = new Terminal({ json: options.json ?? false });
    this.folders = options.folder?.map((folder) => resolve(folder)) ?? [resolve("."), ...cjmManifestFolders().filter(isThere)];
    this.signal = signal;
    this.#options = options;
  }

  /** The folder in which configurations, logs and the running server's address are kept. */
  get stateDir(): string {
    if (this.#options.stateDir !== undefined) return resolve(this.#options.stateDir);
    const named = Deno.env.get("REMOTE_PLUGIN_HOME");
    if (named) return named;
    const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE");
    if (home === undefined) throw new UsageError("There is no home folder to keep things in. Give one as --state-dir");
    return join(Deno.env.get("XDG_STATE_HOME") || join(home, ".local", "state"), "remote-plugin");
  }

  /** What Deno plugins may do of what they ask for. */
  get policy(): PermissionPolicy {
    return this.#options.trust ? "requested" : {};
  }

  /** The file in which a plugin's log is kept. */
  logFile(plugin: string): string {
    return join(this.stateDir, "logs", `${encodeURIComponent(plugin)}.log`);
  }

  /** A manager of the plugins in the folders. Where one plugin is wanted and given by its manifest's path, of this one alone. */
  async openManager(reference?: string, options: ManagerOptions = {}): Promise<{ manager: PluginManager; plugin: string }> {
    const isPath = reference !== undefined && (/[\\/]/.test(reference) || reference.endsWith(".json"));
    const where = isPath ? { manifests: [reference] } : { folders: this.folders };
    const manager = await PluginManager.create({
      ...where,
      permissions: this.policy,
      configDir: join(this.stateDir, "config"),
      healthIntervalMs: 0,
      ...options,
    });
    return { manager, plugin: isPath ? manager.list()[0]!.name : reference ?? "" };
  }

  /** Keeps what plugins print, and shows it too when that is wanted. */
  logWriter(show: boolean): (record: LogRecord, plugin: string) => void {
    let isTold = false;
    const keep = (plugin: string, line: string) => {
      try {
        Deno.mkdirSync(join(this.stateDir, "logs"), { recursive: true, mode: 0o700 });
        Deno.writeTextFileSync(this.logFile(plugin), line, { append: true, mode: 0o600 });
      } catch (error) {
        // A full disk is no reason to end what runs, and may have room again.
        if (!isTold) this.terminal.note(yellow(`What plugins print is not kept: ${(error as Error).message}`));
        isTold = true;
      }
    };
    return (record, plugin) => {
      keep(plugin, toLogLine(record));
      if (show) this.terminal.note(`${plugin}: ${record.text}`);
    };
  }
}

function isThere(folder: string): boolean {
  try {
    return Deno.statSync(folder).isDirectory;
  } catch {
    return false; // Not there, or not for this program to read.
  }
}
