/**
 * What all commands share: where plugins are, where the program keeps things, and how it is interrupted.
 *
 * @module
 */
import { join, resolve } from "@std/path";
import type { EnvironmentStep } from "../environments/environment.ts";
import { cjmManifestFolders } from "../manifest/discover.ts";
import { isManifestPath } from "../manifest/names.ts";
import type { ManifestProblem } from "../manager/manifest_changes.ts";
import { PluginManager } from "../manager/plugin_manager.ts";
import type { ManagerOptions } from "../manager/options.ts";
import type { StartOptions } from "../plugin/interface.ts";
import type { PermissionPolicy } from "../permissions/grant.ts";
import { toldSignatures } from "../plugin/told_signatures.ts";
import type { SignaturesBody } from "../protocol/messages.ts";
import type { LogRecord } from "../process/output_log.ts";
import { yellow } from "./output/painted.ts";
import type { Terminal } from "./output/terminal.ts";
import { KeptLogs } from "./state/kept_logs.ts";
import { KnownArguments } from "./state/known_arguments.ts";
import { stateFolder } from "./state/state_folder.ts";

/** The options that every command has. */
export interface CommonOptions {
  readonly folder?: readonly string[];
  readonly stateDir?: string;
  readonly json?: boolean;
  readonly trust?: boolean;
  readonly offline?: boolean;
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

  private constructor(options: CommonOptions, { terminal, folders, signal }: Pick<Context, "terminal" | "folders" | "signal">) {
    this.terminal = terminal;
    this.folders = folders;
    this.signal = signal;
    this.#options = options;
  }

  /** Takes the options of the command line. */
  static async create(options: CommonOptions, { terminal, signal }: Pick<Context, "terminal" | "signal">): Promise<Context> {
    const folders = options.folder?.map((folder) => resolve(folder)) ?? [resolve("."), ...(await cjmManifestFolders()).filter(isThere)];
    return new Context(options, { terminal, folders, signal });
  }

  /** The folder in which configurations, logs and the running server's address are kept. */
  get stateDir(): string {
    return stateFolder(this.#options.stateDir);
  }

  /** What is kept of what plugins print. */
  get logs(): KeptLogs {
    return new KeptLogs(this.stateDir);
  }

  /** What is known of what plugins take. */
  get knownArguments(): KnownArguments {
    return new KnownArguments(this.stateDir);
  }

  /** What a plugin's methods take and give, which is kept for shells to complete. */
  async signaturesOf(manager: PluginManager, plugin: string): Promise<SignaturesBody | undefined> {
    const signatures = await toldSignatures(manager.get(plugin), this.signal);
    if (signatures !== undefined) await this.knownArguments.keep(manager.info(plugin).name, signatures);
    return signatures;
  }

  /** What plugins may do of what they ask for. */
  get policy(): PermissionPolicy {
    return this.#options.trust ? "requested" : {};
  }

  /** A manager of the plugins in the folders. Where one plugin is wanted and given by its manifest's path, of this one alone. */
  async openManager(reference?: string, options: ManagerOptions = {}): Promise<{ manager: PluginManager; plugin: string }> {
    const isPath = reference !== undefined && isManifestPath(reference);
    const where = isPath ? { manifests: [reference] } : { folders: this.folders };
    const manager = await PluginManager.create({
      ...where,
      permissions: this.policy,
      configDir: join(this.stateDir, "config"),
      healthIntervalMs: 0,
      offline: this.#options.offline,
      onEnvironment: this.environmentTeller(),
      ...options,
    });
    const isUnknown = !isPath && reference !== undefined && manager.list().every(({ name }) => name !== reference);
    // It may be one of these, whose names are not known.
    if (isUnknown) { for (const problem of manager.problems) this.terminal.note(yellow(problemText(problem))); }
    return { manager, plugin: isPath ? manager.list()[0]!.name : reference ?? "" };
  }

  /** Tells how the making of environments comes along: each step in a terminal, elsewhere only that one is made. */
  environmentTeller(): (step: EnvironmentStep, plugin: string) => void {
    const told = new Set<string>();
    return ({ message }, plugin) => {
      if (!told.has(plugin)) this.terminal.note(`Making the environment of "${plugin}"`);
      told.add(plugin);
      this.terminal.progress(-1, message);
    };
  }

  /** What the making of one plugin's environment depends on. */
  environmentOptions(plugin: string): Pick<StartOptions, "signal" | "offline" | "onEnvironment"> {
    const tell = this.environmentTeller();
    return { signal: this.signal, offline: this.#options.offline, onEnvironment: (step) => tell(step, plugin) };
  }

  /** Keeps what plugins print, and shows it too when that is wanted. */
  logWriter(show: boolean): (record: LogRecord, plugin: string) => void {
    const logs = this.logs;
    let isTold = false;
    return (record, plugin) => {
      try {
        logs.add(plugin, record);
      } catch (error) {
        // A full disk is no reason to end what runs, and may have room again.
        if (!isTold) this.terminal.note(yellow(`What plugins print is not kept: ${(error as Error).message}`));
        isTold = true;
      }
      if (show) this.terminal.note(`${plugin}: ${record.text}`);
    };
  }
}

/** What is wrong with a manifest, with its path. */
export function problemText({ source, error: { message } }: ManifestProblem): string {
  return message.includes(source) ? message : `${source}: ${message}`;
}

function isThere(folder: string): boolean {
  try {
    return Deno.statSync(folder).isDirectory;
  } catch {
    return false; // Not there, or not for this program to read.
  }
}
