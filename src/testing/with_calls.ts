/**
 * A plugin whose calls go by another way.
 *
 * @module
 */
import type { CallOptions, Kwargs } from "../plugin/interface.ts";
import type { PluginInterface } from "../plugin/members.ts";
import { RemotePluginProxySync } from "../plugin/proxy_sync.ts";

/** A plugin in whichever face. */
export type AnyPlugin = PluginInterface | RemotePluginProxySync;

/** What a caller has called. */
export interface MadeCall {
  /** The member, such as `execute`. */
  readonly member: string;
  /** The plugin's own method, where the member takes its name. */
  readonly method: string | undefined;
  readonly kwargs: Kwargs;
  readonly options: CallOptions;
}

/** Makes the call that a caller has made, or one with other arguments. */
export type Make<Answer> = (kwargs?: Kwargs, options?: CallOptions) => Answer;

/** What stands in the place of calls. */
export interface CallWays {
  readonly run: (call: MadeCall, make: Make<Promise<unknown>>) => Promise<unknown>;
  readonly stream: (call: MadeCall, make: Make<AsyncGenerator<unknown>>) => AsyncGenerator<unknown, void, void>;
  /** Of a blocking plugin. */
  readonly runBlocking: (call: MadeCall, make: Make<unknown>) => unknown;
  /** Of a blocking plugin. */
  readonly streamBlocking: (call: MadeCall, make: Make<Generator<unknown>>) => Generator<unknown, void, void>;
  /** What else it has, in the place of members of these names or besides. */
  readonly members: Readonly<Record<PropertyKey, unknown>>;
}

/** The members that call a plugin, and whether the name of a method is their first argument. */
const CALLS: Readonly<Record<string, { readonly streams: boolean; readonly takesName: boolean }>> = {
  execute: { streams: false, takesName: false },
  executeStream: { streams: true, takesName: false },
  call: { streams: false, takesName: true },
  stream: { streams: true, takesName: true },
};

/** Gives what a plugin is below all that goes by other ways. */
const ORIGINAL: unique symbol = Symbol("original");

type Member = (...given: unknown[]) => unknown;

/** The same plugin, whose calls go these ways. All else is the plugin's own. */
export function withCalls<Plugin extends AnyPlugin>(plugin: Plugin, ways: CallWays): Plugin {
  const get = (_: Plugin, key: PropertyKey): unknown => {
    if (key === ORIGINAL) return originalOf(plugin);
    if (Object.hasOwn(ways.members, key)) return ways.members[key];
    // Its own members are called on it itself, for their private fields are not this one's.
    const own: unknown = Reflect.get(plugin, key, plugin);
    if (typeof own !== "function") return own;
    const member = own.bind(plugin) as Member;
    return typeof key === "string" && Object.hasOwn(CALLS, key) ? detour(key, member, { plugin, ways }) : member;
  };
  return new Proxy(plugin, { get });
}

/** The plugin itself. */
export function originalOf(plugin: AnyPlugin): AnyPlugin {
  return (plugin as { [ORIGINAL]?: AnyPlugin })[ORIGINAL] ?? plugin;
}

function detour(name: string, member: Member, { plugin, ways }: { plugin: AnyPlugin; ways: CallWays }): Member {
  const { streams, takesName } = CALLS[name]!;
  const isBlocking = plugin instanceof RemotePluginProxySync;
  const way = streams ? (isBlocking ? ways.streamBlocking : ways.stream) : (isBlocking ? ways.runBlocking : ways.run);
  return (...given) => {
    const method = takesName ? [String(given[0])] : [];
    const [kwargs = {}, options = {}] = given.slice(method.length) as [Kwargs?, CallOptions?];
    const make = (other = kwargs, otherOptions = options) => member(...method, other, otherOptions);
    return (way as (call: MadeCall, make: unknown) => unknown)({ member: name, method: method[0], kwargs, options }, make);
  };
}
