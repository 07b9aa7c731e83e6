/**
 * The second program: it calls a plugin that another program runs. It may reach 127.0.0.1 and do nothing else.
 *
 * It gets the endpoint by its standard input, where nobody but its parent can see the token, and prints what it found as one line of JSON.
 *
 * @module
 */
import { PluginError, RemotePluginProxy, type WorkerEndpoint } from "@remote-plugin/proxy";

/** What the guest tells. */
export interface GuestReport {
  /** What it may do, of the things in `WISHES`. */
  readonly granted: readonly string[];
  /** What it may not do. */
  readonly denied: readonly string[];
  /** How a start of its own ended. */
  readonly start: string;
  /** How `attach()` with a wrong token ended. */
  readonly wrongToken: string;
  /** The plugin's name, as the plugin says it. */
  readonly plugin: string;
  /** What `execute()` gave back. */
  readonly count: number;
  /** What `executeStream()` yielded. */
  readonly names: readonly string[];
}

/** What a program may want. */
const WISHES: readonly Deno.PermissionDescriptor[] = [
  { name: "net", host: "127.0.0.1" },
  { name: "net", host: "192.0.2.1" },
  { name: "read", path: "." },
  { name: "write", path: "." },
  { name: "env", variable: "HOME" },
  { name: "run", command: "deno" },
];

async function visit(endpoint: WorkerEndpoint & { readonly url: string }): Promise<GuestReport> {
  const start = await outcomeOf(() => RemotePluginProxy.start({ module: "anything", class: "Anything" }));
  const wrongToken = await outcomeOf(() => RemotePluginProxy.attach({ url: endpoint.url, token: "guessed" }));
  await using plugin = await RemotePluginProxy.attach(endpoint);
  const count = await plugin.execute<number>({ name: "the guest" });
  const names = await Array.fromAsync(plugin.executeStream<string>());
  const { granted = [], denied = [] } = Object.groupBy(
    WISHES,
    (wish) => Deno.permissions.querySync(wish).state === "granted" ? "granted" : "denied",
  );
  return { granted: granted.map(textOf), denied: denied.map(textOf), start, wrongToken, plugin: plugin.name, count, names };
}

async function outcomeOf(attempt: () => Promise<AsyncDisposable>): Promise<string> {
  try {
    await using _plugin = await attempt();
    return "it worked";
  } catch (error) {
    if (error instanceof PluginError) return `${error.name}: ${error.message}`;
    throw error;
  }
}

function textOf({ name, ...what }: Deno.PermissionDescriptor): string {
  return [name, ...Object.values(what)].join(" ");
}

if (import.meta.main) {
  const endpoint = JSON.parse(await new Response(Deno.stdin.readable).text());
  console.log(JSON.stringify(await visit(endpoint)));
}
