import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Client } from "@modelcontextprotocol/client";
import { type CallObserver, createGateway, type GatewayOptions } from "@remote-plugin/proxy/gateway";
import { collectGarbage } from "../support/garbage.ts";
import { eventually, within } from "../support/guard.ts";
import { ManagerWatch, pythonManifest } from "../support/managed_plugins.ts";
import { type Era, ERAS, httpTransport, mcpClient } from "../support/mcp_user.ts";

const TOKEN = "let-me-in";

/** A gateway of fixture plugins that listens, and whoever asks it. */
class ServedTools implements AsyncDisposable {
  /** What is watched of the plugins. */
  readonly watch: ManagerWatch;
  /** What observers were told. */
  readonly calls: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #clients: Client[] = [];

  private constructor(watch: ManagerWatch, options: Partial<GatewayOptions>) {
    this.watch = watch;
    const observer: CallObserver = {
      opened: ({ plugin, client }) => this.calls.push(`opened ${plugin} ${client}`),
      ended: ({ plugin }, { code = "", chunks }) => this.calls.push(`ended ${plugin} ${code} ${chunks}`.trim()),
    };
    const gateway = createGateway(watch.manager, { token: [TOKEN, "other"], operatorToken: "operator", observers: [observer], ...options });
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, gateway);
  }

  static async of(fixtures: readonly string[], options: Partial<GatewayOptions> = {}): Promise<ServedTools> {
    const manifests = await Promise.all(fixtures.map((fixture) => pythonManifest(fixture)));
    return new ServedTools(await ManagerWatch.create({ manifests }), options);
  }

  /** Where it is. */
  get url(): URL {
    return new URL(`http://127.0.0.1:${this.#server.addr.port}/mcp`);
  }

  /** Connects an official client. */
  async connect(era: Era, token = TOKEN): Promise<Client> {
    const client = mcpClient(era);
    await client.connect(httpTransport(this.url, token));
    this.#clients.push(client);
    return client;
  }

  /** Posts a body, as it is. */
  post(body: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.url, {
      method: "POST",
      body,
      headers: {
        authorization: `Bearer ${TOKEN}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...headers,
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The streams of clients that stay end with the plugins.
    await this.watch[Symbol.asyncDispose]();
    await within(this.#server.shutdown(), "the end of the server");
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}

function textOf(result: Awaited<ReturnType<Client["callTool"]>>): string {
  const [first] = result.content;
  return first?.type === "text" ? first.text : "";
}

for (const era of ERAS) {
  Deno.test(`${era}: a gateway's plugins are tools over HTTP`, async () => {
    await using served = await ServedTools.of(["typed", "streams_only"]);
    const client = await served.connect(era);
    assertEquals((await client.listTools()).tools.map(({ name }) => name), ["streams_only", "typed"]);
    assertEquals(textOf(await client.callTool({ name: "typed", arguments: { text: "ho", times: 2 } })), "hoho!");
    const seen: number[] = [];
    await client.callTool({ name: "streams_only", arguments: { count: 3 } }, { onprogress: ({ progress }) => seen.push(progress) });
    assertEquals([seen[0], seen.at(-1)], [1, 3]);
    assertEquals(served.calls, ["opened typed caller 1", "ended typed  0", "opened streams_only caller 1", "ended streams_only  3"]);
  });

  Deno.test(`${era}: a call over HTTP that its client cancels ends in the plugin`, async () => {
    await using served = await ServedTools.of(["holds"]);
    const client = await served.connect(era);
    const abort = new AbortController();
    const call = client.callTool({ name: "holds", arguments: { hold: "a" } }, { signal: abort.signal });
    const running = async () => (await served.watch.manager.get("holds").getStats()).calls.running;
    await eventually(async () => await running() === 1, "a running call");
    await collectGarbage();
    abort.abort("enough");
    await assertRejects(() => within(call, "the end of the call"), Error, "enough");
    await eventually(async () => await running() === 0, "the end of the call in the plugin");
    assertEquals(served.calls.at(-1), "ended holds cancelled 0");
  });

  Deno.test(`${era}: a client over HTTP is told when there is another plugin`, async () => {
    await using served = await ServedTools.of(["echo"]);
    const client = await served.connect(era);
    assertEquals((await client.listTools()).tools.length, 1);
    const changed = Promise.withResolvers<void>();
    client.setNotificationHandler("notifications/tools/list_changed", () => changed.resolve());
    if (era === "2026") await client.listen({ toolsListChanged: true });
    const manifest = await pythonManifest("typed");
    // The stream of a session opens behind the answer to its greeting.
    await eventually(async () => {
      const { name } = await served.watch.manager.add({ ...manifest, name: `typed-${crypto.randomUUID()}` });
      return name !== "" &&
        await Promise.race([changed.promise.then(() => true), new Promise((resolve) => setTimeout(resolve, 50))]) === true;
    }, "the notification");
    assert((await client.listTools()).tools.length >= 2);
  });

  Deno.test(`${era}: no path of a client leads to a file of the server, and a file's bytes do`, async () => {
    await using served = await ServedTools.of(["hints"]);
    const client = await served.connect(era);
    const refused = await client.callTool({ name: "hints", arguments: { audio: "a", raw: "/etc/hostname" } });
    assertEquals([refused.isError, textOf(refused)], [true, '"$.raw" is a file. Give its bytes as a data: URL in base64']);
    const taken = await client.callTool({ name: "hints", arguments: { audio: "data:audio/wav;base64,AAEC" } });
    assert(/"audio":"\/.*\.wav"/.test(textOf(taken)), textOf(taken));
  });
}

Deno.test("whoever closes the connection in a call has given it up, with and without a session", async () => {
  await using served = await ServedTools.of(["holds"]);
  const running = async () => (await served.watch.manager.get("holds").getStats()).calls.running;
  const params = { name: "holds", arguments: { hold: "a" } };
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "holds" };
  for (const [more, body] of [[{}, params], [headers, { ...params, _meta: meta }]] as const) {
    const response = await served.post(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: body }), more);
    assertEquals(response.status, 200);
    await eventually(async () => await running() === 1, "a running call");
    await response.body!.cancel();
    await eventually(async () => await running() === 0, "the end of the call in the plugin");
  }
});

Deno.test("a client that begins sessions without end loses its own, and no other client's", async () => {
  await using served = await ServedTools.of([]);
  const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } };
  const begin = async (token: string) => {
    const reply = await served.post(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params }), {
      authorization: `Bearer ${token}`,
    });
    await reply.text();
    return { authorization: `Bearer ${token}`, "mcp-session-id": reply.headers.get("mcp-session-id")! };
  };
  const statusOf = async (session: Record<string, string>) => {
    const reply = await served.post(JSON.stringify({ jsonrpc: "2.0", id: 2, method: "tools/list" }), session);
    return [await reply.text(), reply.status][1];
  };
  const honest = await begin(TOKEN);
  const first = await begin("other");
  const second = await begin("other");
  for (let session = 0; session < 999; session++) await begin("other");
  assertEquals([await statusOf(honest), await statusOf(first), await statusOf(second)], [200, 404, 200]);
});

Deno.test("an operator gives up the calls of tools as all others", async () => {
  await using served = await ServedTools.of(["holds"]);
  const client = await served.connect("2026");
  const call = client.callTool({ name: "holds", arguments: { hold: "a" } });
  await eventually(() => served.calls.length === 1, "the call");
  const response = await fetch(new URL("/holds/cancel", served.url), {
    method: "POST",
    body: "{}",
    headers: { authorization: "Bearer operator" },
  });
  assertEquals(await response.json(), { status: "cancelled" });
  assertEquals((await within(call, "the end of the call")).isError, true);
});

Deno.test("who has no token, or comes from a page of elsewhere, gets no tool", async () => {
  await using served = await ServedTools.of(["echo"]);
  const cases: [Record<string, string>, number][] = [
    [{ authorization: "Bearer wrong" }, 401],
    [{ origin: "https://elsewhere.example" }, 403],
  ];
  for (const [headers, status] of cases) {
    const response = await served.post("{}", headers);
    await response.body?.cancel();
    assertEquals(response.status, status);
  }
  await assertRejects(() => served.connect("2026", "wrong"));
  assertEquals(served.watch.workers, 0);
});

Deno.test("a session is its client's alone, and ends when it says so", async () => {
  await using served = await ServedTools.of(["echo"]);
  const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } };
  const begun = await served.post(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params }));
  await begun.text();
  const session = { "mcp-session-id": begun.headers.get("mcp-session-id")!, "mcp-protocol-version": "2025-06-18" };
  const list = JSON.stringify({ jsonrpc: "2.0", id: 2, method: "tools/list" });
  const statusOf = async (response: Response) => [await response.text(), response.status][1];
  assertEquals(await statusOf(await served.post(list, session)), 200);
  assertEquals(await statusOf(await served.post(list, { ...session, authorization: "Bearer other" })), 404);
  assertEquals(await statusOf(await served.post(list, { "mcp-session-id": "made-up" })), 404);
  const ended = await fetch(served.url, { method: "DELETE", headers: { authorization: `Bearer ${TOKEN}`, ...session } });
  assertEquals([await statusOf(ended), await statusOf(await served.post(list, session))], [200, 404]);
});

Deno.test("what is no message is refused over HTTP, each with its status, and tools are called as before", async () => {
  await using served = await ServedTools.of(["typed"], { limits: { bodyBytes: 10_000 } });
  const cases: [string, Record<string, string>, number][] = [
    ["nonsense", {}, 400],
    ["[]", {}, 400],
    ["{}", {}, 400],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":3}', {}, 400],
    ["{}", { "content-type": "text/plain" }, 415],
    [JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }), { accept: "text/html" }, 406],
    [JSON.stringify("x".repeat(20_000)), {}, 413],
  ];
  for (const [body, headers, status] of cases) {
    const response = await served.post(body, headers);
    await response.body?.cancel();
    assertEquals([body.slice(0, 60), response.status], [body.slice(0, 60), status]);
  }
  const client = await served.connect("2026");
  assertEquals(textOf(await client.callTool({ name: "typed", arguments: { text: "ho" } })), "ho!");
});

Deno.test("a stream on which a client waits for changes does not hold the server up when its plugins end", async () => {
  await using served = await ServedTools.of(["echo"]);
  await (await served.connect("2026")).listen({ toolsListChanged: true });
  const old = await served.connect("2025");
  assertEquals((await old.listTools()).tools.length, 1);
});

Deno.test("a gateway that is about to end lets calls of tools go on, and ends the streams of those who only listen", async () => {
  const draining = new AbortController();
  await using served = await ServedTools.of(["holds"], { draining: draining.signal });
  const client = await served.connect("2026");
  const listening = await client.listen({ toolsListChanged: true });
  const call = client.callTool({ name: "holds", arguments: { hold: "a" } });
  await eventually(() => served.calls.length === 1, "the call");
  draining.abort();
  await within(listening.closed, "the end of the stream");
  await served.watch.manager.get("holds").getStats();
  await served.watch.manager.get("holds").cancel();
  assertEquals((await within(call, "the result")).isError, true);
});

Deno.test("a client over HTTP is not told what only an operator may know", async () => {
  await using served = await ServedTools.of(["raises_at_import"]);
  const client = await served.connect("2026");
  const failed = await client.callTool({ name: "raises_at_import", arguments: {} });
  assertEquals([failed.isError, textOf(failed)], [true, '"raises_at_import" could not be started. An operator is told why']);
});

Deno.test("a call of a tool has a place among the requests of its token, and leaves it", async () => {
  await using served = await ServedTools.of(["holds"], { limits: { requests: 1 } });
  const message = (params: unknown) => JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  const held = await served.post(message({ name: "holds", arguments: { hold: "a" } }));
  await eventually(() => served.calls.length === 1, "the call");
  const refused = await served.post(message({ name: "holds", arguments: { note: "b" } }));
  assertEquals([refused.status, (await refused.json()).code], [429, "too_much"]);
  await held.body!.cancel();
  await eventually(async () => {
    const taken = await served.post(message({ name: "holds", arguments: { note: "b" } }));
    await taken.text();
    return taken.status === 200;
  }, "a free place");
});
