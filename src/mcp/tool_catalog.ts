/**
 * The plugins of a manager as tools.
 *
 * @module
 */
import type { ManagerEvent } from "../manager/events.ts";
import type { PluginManager } from "../manager/plugin_manager.ts";
import { toldSignatures } from "../plugin/told_signatures.ts";
import type { JsonSchema } from "../plugin/type_schema.ts";
import type { MethodSignature, SignaturesBody } from "../protocol/messages.ts";
import { Turns } from "../protocol/turns.ts";
import { pluginsByTool } from "./tool_names.ts";
import { type ClientFiles, inputSchema, type ObjectSchema, outputSchema } from "./tool_schema.ts";

/** One plugin as a tool. */
export interface PluginTool {
  /** What the tool is called. */
  readonly name: string;
  /** The plugin's name. */
  readonly plugin: string;
  /** Which of its methods is called: a stream only where there is no other. */
  readonly endpoint: "execute" | "execute_stream";
  /** What it does, for whoever chooses among tools. */
  readonly description: string;
  /** What it takes, as its clients are told. */
  readonly input: ObjectSchema;
  /** What it gives, where that is known and more than a text or a file. */
  readonly output: JsonSchema | undefined;
  /** What the plugin has told of the method. */
  readonly told: MethodSignature;
}

/** What a catalog is made with. */
export interface CatalogOptions {
  /** Where the files of clients are. */
  readonly files: ClientFiles;
  /** The one plugin that is shown. Default: all. */
  readonly only?: string | undefined;
  /** Called when there are other tools than before. */
  readonly onChange: () => void;
  /** Called with the error of a plugin that cannot be asked what it takes, and is therefore no tool. */
  readonly onProblem: (plugin: string, error: unknown) => void;
}

/** How many plugins are started at a time to be asked. */
const MAX_ASKED = 4;

/** How long a list waits for a plugin to say what it takes, in milliseconds. Clients give a server some 30 seconds in all. */
const LIST_WAIT_MS = 10_000;

/** What makes another list, or another tool of a plugin. */
const CHANGES: ReadonlySet<ManagerEvent["type"]> = new Set(["found", "changed", "gone", "reloaded", "enabled", "disabled"]);

/** Knows the tools. A plugin is started once to tell what it takes, and asked again when it may have changed. */
export class ToolCatalog implements AsyncDisposable {
  readonly #manager: PluginManager;
  readonly #options: CatalogOptions;
  readonly #known = new Map<string, Promise<PluginTool | undefined>>();
  readonly #turns = new Turns(MAX_ASKED);
  readonly #ending = new AbortController();
  readonly #watching: Promise<void>;

  /** Asks nobody yet. The manager stays its owner's. */
  constructor(manager: PluginManager, options: CatalogOptions) {
    this.#manager = manager;
    this.#options = options;
    this.#watching = this.#watch(manager.events[Symbol.asyncIterator]());
  }

  /** All tools. One whose plugin takes long to start is told with a schema that allows everything, and told anew when more is known. */
  async list(): Promise<PluginTool[]> {
    const tools = await Promise.all([...this.#plugins()].map(([name, plugin]) => this.#listed(name, plugin)));
    return tools.filter((tool) => tool !== undefined);
  }

  /**
   * The tool of that name, `undefined` when there is none.
   *
   * @throws {PluginError} When its plugin cannot be started.
   */
  async find(name: string): Promise<PluginTool | undefined> {
    const plugin = this.#plugins().get(name);
    return plugin === undefined ? undefined : await this.#tool(name, plugin);
  }

  /** The names of all tools, without a question to anybody. */
  get names(): string[] {
    return [...this.#plugins().keys()];
  }

  /** Resolves when the manager has ended, or this was disposed of. */
  get ended(): Promise<void> {
    return this.#watching;
  }

  /** Asks nobody any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#watching;
  }

  /** The plugins that can be called, by their tools. Of several versions the highest is meant. */
  #plugins(): Map<string, string> {
    const { only } = this.#options;
    const plugins = this.#manager.list().filter(({ name, state }) => state.kind !== "disabled" && (only === undefined || name === only));
    return pluginsByTool([...new Set(plugins.map(({ name }) => name))]);
  }

  async #listed(name: string, plugin: string): Promise<PluginTool | undefined> {
    const asked = this.#tool(name, plugin).catch((error) => this.#options.onProblem(plugin, error));
    const late = Promise.withResolvers<"late">();
    const timer = setTimeout(() => late.resolve("late"), LIST_WAIT_MS);
    try {
      const tool = await Promise.race([asked, late.promise]);
      if (tool !== "late") return tool ?? undefined;
    } finally {
      clearTimeout(timer);
    }
    void asked.then(() => this.#options.onChange());
    const description = `The plugin "${plugin}" is being started. What it takes is not known yet`;
    return this.#toolOf({ name, plugin }, { execute: { description } });
  }

  #tool(name: string, plugin: string): Promise<PluginTool | undefined> {
    const known = this.#known.get(plugin);
    if (known !== undefined) return known;
    const asked = this.#ask(name, plugin);
    this.#known.set(plugin, asked);
    // The next one asks again.
    asked.catch(() => this.#forget(plugin, asked));
    return asked;
  }

  #forget(plugin: string, asked: Promise<unknown>): void {
    if (this.#known.get(plugin) === asked) this.#known.delete(plugin);
  }

  async #ask(name: string, plugin: string): Promise<PluginTool | undefined> {
    using _turn = await this.#turns.acquire(this.#ending.signal);
    // A worker of the original's cannot tell, and takes whatever it takes.
    const signatures = await toldSignatures(this.#manager.get(plugin), this.#ending.signal) ?? { execute: {} };
    return this.#toolOf({ name, plugin }, signatures);
  }

  #toolOf({ name, plugin }: Pick<PluginTool, "name" | "plugin">, signatures: SignaturesBody): PluginTool | undefined {
    const endpoint = signatures.execute === undefined ? "execute_stream" : "execute";
    const told = signatures[endpoint];
    if (told === undefined) return undefined;
    const gives = endpoint === "execute" ? told.result : listOf(told.chunk);
    const description = told.description ?? `Calls the plugin "${plugin}"`;
    return { name, plugin, endpoint, description, told, input: inputSchema(told, this.#options.files), output: outputSchema(gives) };
  }

  async #watch(events: AsyncIterator<ManagerEvent>): Promise<void> {
    this.#ending.signal.addEventListener("abort", () => void events.return?.(), { once: true });
    for (let next = await events.next(); !next.done; next = await events.next()) this.#take(next.value);
  }

  #take(event: ManagerEvent): void {
    // Whoever has lost events cannot know what else has changed.
    if (event.type === "dropped") this.#known.clear();
    // The code of a worker that has been started may be another than that of the one before.
    else if ("plugin" in event && (event.type === "ready" || CHANGES.has(event.type))) this.#known.delete(event.plugin);
    if (event.type === "dropped" || CHANGES.has(event.type)) this.#options.onChange();
  }
}

/** The schema of a list. Definitions stand at the top. */
function listOf({ $defs, definitions, ...items }: JsonSchema = {}): JsonSchema {
  return { type: "array", items, $defs, definitions };
}
