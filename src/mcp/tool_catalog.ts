/**
 * The plugins of a manager as tools.
 *
 * @module
 */
import type { ManagerEvent } from "../manager/events.ts";
import type { PluginManager } from "../manager/plugin_manager.ts";
import { toldSignatures } from "../plugin/told_signatures.ts";
import type { JsonSchema } from "../plugin/type_schema.ts";
import { type CalledEndpoint, methodEndpoint } from "../protocol/endpoints.ts";
import type { MethodSignature, SignaturesBody } from "../protocol/messages.ts";
import { Turns } from "../protocol/turns.ts";
import { mayBeMethodOf, pluginsByTool, toolsOfMethods } from "./tool_names.ts";
import { type ClientFiles, inputSchema, type ObjectSchema, outputSchema } from "./tool_schema.ts";

/** One plugin, or one of its methods, as a tool. */
export interface PluginTool {
  /** What the tool is called. */
  readonly name: string;
  /** The plugin's name. */
  readonly plugin: string;
  /** What is called: a stream only where there is nothing else. */
  readonly endpoint: CalledEndpoint;
  /** What it does, for whoever chooses among tools. */
  readonly description: string;
  /** What it takes, as its clients are told. */
  readonly input: ObjectSchema;
  /** What it gives, where that is known and more than a text or a file. */
  readonly output: JsonSchema | undefined;
  /** What the plugin has told of the method. */
  readonly told: MethodSignature;
}

type ToolName = Pick<PluginTool, "name" | "plugin">;

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
  readonly #known = new Map<string, Promise<readonly PluginTool[]>>();
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
    return tools.flat();
  }

  /**
   * The tool of that name, `undefined` when there is none.
   *
   * @throws {PluginError} When its plugin cannot be started.
   */
  async find(name: string): Promise<PluginTool | undefined> {
    const plugins = this.#plugins();
    const own = plugins.get(name);
    const candidates = own === undefined ? [...plugins].filter(([tool]) => mayBeMethodOf(tool, name)) : [[name, own] as const];
    // A longer name begins as a shorter one does, and is seldom meant.
    for (const [tool, plugin] of candidates.sort(([one], [other]) => one.length - other.length)) {
      const found = (await this.#tools(tool, plugin)).find((one) => one.name === name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The names of all tools, as far as they are known without a question to anybody. */
  async names(): Promise<string[]> {
    const all = [...this.#plugins()].map(async ([name, plugin]) => await this.#toldBefore(plugin) ?? [{ name }]);
    return (await Promise.all(all)).flat().map(({ name }) => name);
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

  async #listed(name: string, plugin: string): Promise<readonly PluginTool[]> {
    const asked = this.#tools(name, plugin).catch((error) => this.#options.onProblem(plugin, error));
    const late = Promise.withResolvers<"late">();
    const timer = setTimeout(() => late.resolve("late"), LIST_WAIT_MS);
    try {
      const tools = await Promise.race([asked, late.promise]);
      if (tools !== "late") return tools ?? [];
    } finally {
      clearTimeout(timer);
    }
    void asked.then(() => this.#options.onChange());
    const description = `The plugin "${plugin}" is being started. What it takes is not known yet`;
    return this.#toolsOf({ name, plugin }, { execute: { description } });
  }

  #tools(name: string, plugin: string): Promise<readonly PluginTool[]> {
    const known = this.#known.get(plugin);
    if (known !== undefined) return known;
    const asked = this.#ask(name, plugin);
    this.#known.set(plugin, asked);
    // The next one asks again.
    asked.catch(() => this.#forget(plugin, asked));
    return asked;
  }

  /** The tools of a plugin that has told them; `undefined` for another one. */
  async #toldBefore(plugin: string): Promise<readonly PluginTool[] | undefined> {
    return await Promise.race([this.#known.get(plugin), undefined]).catch(() => undefined);
  }

  #forget(plugin: string, asked: Promise<unknown>): void {
    if (this.#known.get(plugin) === asked) this.#known.delete(plugin);
  }

  async #ask(name: string, plugin: string): Promise<readonly PluginTool[]> {
    using _turn = await this.#turns.acquire(this.#ending.signal);
    // A worker of the original's cannot tell, and takes whatever it takes.
    const signatures = await toldSignatures(this.#manager.get(plugin), this.#ending.signal) ?? { execute: {} };
    return this.#toolsOf({ name, plugin }, signatures);
  }

  #toolsOf({ name, plugin }: ToolName, { execute, execute_stream: stream, methods = {} }: SignaturesBody): readonly PluginTool[] {
    const own = { name, plugin, description: `Calls the plugin "${plugin}"` };
    const tools: PluginTool[] = [];
    if (execute !== undefined) tools.push(this.#toolOf({ ...own, endpoint: "execute", told: execute }));
    else if (stream !== undefined) tools.push(this.#toolOf({ ...own, endpoint: "execute_stream", told: stream }));
    for (const [tool, method] of toolsOfMethods(name, Object.keys(methods), this.#plugins())) {
      const description = `Calls "${method}" of the plugin "${plugin}"`;
      tools.push(this.#toolOf({ name: tool, plugin, description, endpoint: methodEndpoint("call", method), told: methods[method]! }));
    }
    return tools;
  }

  #toolOf(tool: Omit<PluginTool, "input" | "output">): PluginTool {
    const { endpoint, told, description } = tool;
    const gives = endpoint === "execute_stream" ? listOf(told.chunk) : told.result;
    const input = inputSchema(told, this.#options.files);
    return { ...tool, description: told.description ?? description, input, output: outputSchema(gives) };
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
