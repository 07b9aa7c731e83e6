import { assertEquals } from "@std/assert";
import { createGateway, type GatewayLimits, type GatewayOptions, SlowClientError } from "@remote-plugin/proxy/gateway";
import { ManagerWatch } from "../support/managed_plugins.ts";
import { eventually, within } from "../support/guard.ts";

const TOKEN = "let-me-in";

/** A plugin behind a gateway behind a server. */
class Served implements AsyncDisposable {
  readonly watch: ManagerWatch;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(watch: ManagerWatch, server: Deno.HttpServer<Deno.NetAddr>) {
    this.watch = watch;
    this.#server = server;
  }

  static async of(plugin: string, options: Omit<GatewayOptions, "token"> & { token?: GatewayOptions["token"] } = {}): Promise<Served> {
    const watch = await ManagerWatch.of(plugin, {}, { max_concurrency: 4 });
    const gateway = createGateway(watch.manager, { token: TOKEN, ...options });
    const onError = (error: unknown) => {
      if (error instanceof SlowClientError) return new Response(null);
      throw error;
    };
    return new Served(watch, Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {}, onError }, gateway));
  }

  static limited(plugin: string, limits: GatewayLimits): Promise<Served> {
    return Served.of(plugin, { limits });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Calls a plugin. */
  call(path: string, kwargs: unknown, { token = TOKEN, ...init }: RequestInit & { token?: string } = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${token}` };
    return fetch(`${this.url}/${path}`, { method: "POST", body: JSON.stringify({ kwargs }), headers, ...init });
  }

  /** A client that writes what it likes. */
  async client(text: string): Promise<RawClient> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: this.#server.addr.port });
    await conn.write(new TextEncoder().encode(text));
    return new RawClient(conn);
  }

  running(plugin: string): Promise<number> {
    return this.watch.manager.get(plugin).getStats().then(({ calls }) => calls.running);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watch[Symbol.asyncDispose]();
    await this.#server.shutdown();
  }
}

class RawClient implements Disposable {
  readonly #conn: Deno.Conn;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Sends more. */
  async send(text: string): Promise<void> {
    await this.#conn.write(new TextEncoder().encode(text));
  }

  /** The status of the reply, whether or not the server hangs up behind it. */
  async status(): Promise<number> {
    const begin = new Uint8Array(12);
    for (let length = 0; length < begin.length;) {
      const count = await within(this.#conn.read(begin.subarray(length)), "the status of the reply");
      if (count === null) throw new Error("The server hung up without a reply");
      length += count;
    }
    return Number(new TextDecoder().decode(begin).slice("HTTP/1.1 ".length));
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

function head(lines: readonly string[], token: string = TOKEN): string {
  return ["POST /holds/execute HTTP/1.1", "Host: localhost", `Authorization: Bearer ${token}`, ...lines, "", ""].join("\r\n");
}

async function told(response: Response): Promise<[number, string]> {
  return [response.status, (await response.json()).code];
}

Deno.test("a body that is too long is refused, whether or not its length is told", async () => {
  await using served = await Served.limited("holds", { bodyBytes: 1_000 });
  assertEquals(await told(await served.call("holds/execute", { note: "a".repeat(1_000) })), [413, "body_too_long"]);
  {
    // One that went on to send would have its connection reset, and might not read the answer.
    using client = await served.client(`${head(["Transfer-Encoding: chunked"])}7d0\r\n${" ".repeat(2_000)}\r\n`);
    assertEquals(await client.status(), 413);
  }
  const short = new Blob(['{"kwargs":{"note":"in pieces"}}']).stream();
  assertEquals(await (await served.call("holds/execute", {}, { body: short })).json(), "in pieces");
});

Deno.test("a client that sends no body, or stops in its middle, is told so", async () => {
  await using served = await Served.limited("holds", { bodyMs: 100 });
  for (
    const [length, text] of [["Content-Length: 30", ""], ["Content-Length: 100000", "{"], ["Transfer-Encoding: chunked", "1\r\n{\r\n"]]
  ) {
    using client = await served.client(head([length!]) + text);
    assertEquals([length, await client.status()], [length, 408]);
  }
});

Deno.test("a client that sends its files byte by byte is refused, as one that sends nothing", async () => {
  await using served = await Served.limited("holds", { bodyMs: 200 });
  using client = await served.client(head(["Content-Length: 100000", "Remote-Plugin-Parts: 50000"]));
  const status = client.status();
  let isRefused = false;
  const drip = (async () => {
    while (!isRefused) await client.send(" ").then(() => new Promise((resolve) => setTimeout(resolve, 20)), () => isRefused = true);
  })();
  assertEquals(await status, 408);
  isRefused = true;
  await drip;
});

Deno.test("a body without a token is not waited for", async () => {
  await using served = await Served.of("holds");
  using client = await served.client(head(["Content-Length: 100000000"], "guessed"));
  assertEquals(await client.status(), 401);
});

Deno.test("a token has so many requests under way, and takes no place from another token", async () => {
  await using served = await Served.of("holds", { token: ["one", "two"], limits: { requests: 2 } });
  const held = [
    served.call("holds/execute", { hold: "a" }, { token: "one" }),
    served.call("holds/execute_stream", { hold: "b" }, { token: "one" }),
  ];
  await eventually(async () => await served.running("holds") === 2, "two running calls");
  const refused = await served.call("holds/execute", { note: "c" }, { token: "one" });
  assertEquals([refused.headers.get("retry-after"), await told(refused)], ["1", [429, "too_much"]]);
  const cancelled = await served.call("holds/cancel", {}, { token: "one", body: '{"call_id": "none"}' });
  assertEquals(await cancelled.json(), { status: "not_running" });
  assertEquals(await (await served.call("holds/execute", { release: "a" }, { token: "two" })).json(), null);
  await (await held[0])!.body?.cancel();
  assertEquals(await (await served.call("holds/execute", { release: "b", note: "c" }, { token: "one" })).json(), "c");
  assertEquals(await (await held[1])!.text(), '"b"\n"released b"\n');
  const again = await served.call("holds/execute", { note: "d" }, { token: "one" });
  assertEquals(await again.json(), "d");
});

Deno.test("the bodies of all requests under way have so much room", async () => {
  await using served = await Served.limited("holds", { allBodiesBytes: 1_000 });
  const held = served.call("holds/execute", { hold: "a", note: "n".repeat(600) });
  await eventually(async () => await served.running("holds") === 1, "a running call");
  assertEquals(await told(await served.call("holds/execute", { note: "n".repeat(600) })), [429, "too_much"]);
  assertEquals(await (await served.call("holds/execute", { release: "a" })).json(), null);
  assertEquals(await (await held).json(), "released a");
  assertEquals(await (await served.call("holds/execute", { note: "n".repeat(600) })).text(), `"${"n".repeat(600)}"`);
});

Deno.test("a client that does not read its reply has left its call", async () => {
  await using served = await Served.limited("floods", { replyMs: 200 });
  const text = head(["Content-Length: 2"]).replace("/holds/execute", "/floods/execute_stream") + "{}";
  using _client = await served.client(text);
  await eventually(async () => await served.running("floods") === 1, "a running call");
  await eventually(async () => await served.running("floods") === 0, "the end of the call");
});

Deno.test("a gateway that drains goes on with what it has, and refuses the rest", async () => {
  const draining = new AbortController();
  await using served = await Served.of("holds", { draining: draining.signal });
  const held = served.call("holds/execute", { hold: "a" });
  await eventually(async () => await served.running("holds") === 1, "a running call");
  draining.abort();
  const refused = await served.call("holds/execute", { note: "b" });
  assertEquals([refused.headers.get("retry-after"), await told(refused)], ["1", [503, "draining"]]);
  await served.watch.manager.get("holds").execute({ release: "a" });
  assertEquals(await (await held).json(), "released a");
});

Deno.test("tracebacks stay inside, except for operators and where they are asked for", async () => {
  const expected: [GatewayOptions, boolean][] = [[{ token: TOKEN }, false], [{ token: TOKEN, exposeTracebacks: true }, true], [
    { token: "other", operatorToken: TOKEN },
    true,
  ]];
  for (const [options, isTold] of expected) {
    await using served = await Served.of("fails", options);
    const { _job_error: { traceback, message } } = await (await served.call("fails/execute", { kind: "bug" })).json();
    assertEquals([traceback.includes("plugin.py"), message !== ""], [isTold, true]);
  }
});
