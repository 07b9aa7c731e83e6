import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ProtocolError, RemotePluginProxy } from "@remote-plugin/proxy";
import { type CallObserver, type CallOutcome, createGateway, type ObservedCall } from "@remote-plugin/proxy/gateway";
import { ManagerWatch } from "../support/managed_plugins.ts";
import { eventually, within } from "../support/guard.ts";

const TOKEN = "let-me-in";
const AS_TWO_WORDS = { headers: { authorization: "Bearer of two words" } };
const FRAMED = { accept: "application/vnd.remote-plugin+ndjson" };

function ask(path: string, { body, ...init }: RequestInit & { readonly body?: string } = {}): Request {
  const headers = {
    authorization: `Bearer ${TOKEN}`,
    ...body === undefined ? {} : { "content-length": `${body.length}` },
    ...init.headers,
  };
  return new Request(`http://localhost${path}`, { method: body === undefined ? "GET" : "POST", body, ...init, headers });
}

Deno.test("a gateway answers standard requests with standard responses, whatever server they come from", async () => {
  await using watch = await ManagerWatch.of("holds");
  const gateway = createGateway(watch.manager, { token: TOKEN });
  const answer = await gateway(ask("/holds/execute", { body: JSON.stringify({ kwargs: { note: "a" } }) }));
  assertEquals([answer.status, await answer.json()], [200, "a"]);
  const stats = await gateway(ask("/holds/stats"));
  assertEquals((await stats.json()).calls.running, 0);
  const health = await gateway(ask("/holds/health"));
  assertEquals(await health.json().then(({ status, name, protocol }) => [status, name, protocol]), ["running", "holds", 1]);
});

Deno.test("a gateway refuses what it does not serve, and says what there is", async () => {
  await using watch = await ManagerWatch.of("holds");
  const gateway = createGateway(watch.manager, { token: TOKEN });
  const cases: [Request, number, string][] = [
    [
      ask("/holds/stats", { headers: { authorization: "Bearer let-me-out" } }),
      401,
      'The token is missing or wrong. Send it as "Authorization: Bearer TOKEN"',
    ],
    [
      ask("/holds/stats", { headers: { origin: "http://page" } }),
      403,
      'The page "http://page" may not ask. Name it in "origins" if it may',
    ],
    [ask("/held/stats"), 404, 'There is no plugin "held". The nearest name is "holds"'],
    [ask("/held"), 404, 'There is no plugin "held". The nearest name is "holds"'],
    [ask("/holds/execut"), 404, 'There is no endpoint "holds/execut"'],
    [ask("/holds/execute"), 405, '"execute" takes POST'],
    [
      ask("/holds/execute", { body: '{"note": "a"}' }),
      400,
      'The body of "execute" has no member "note". Arguments go into "kwargs": {"kwargs": {"note": …}}',
    ],
    [ask("/holds/execute", { body: '{"kwargs": [1]}' }), 400, '"kwargs" in the body of "execute" must be an object'],
    [ask("/holds/cancel", { body: '{"id": "a"}' }), 400, 'The body of "cancel" has no member "id". It has "call_id", "behind"'],
    [
      ask("/holds/execute", { body: "[]" }),
      400,
      'The body is no JSON object. If it is a file, say so by its media type: "Content-Type: audio/wav"',
    ],
    [ask("/holds/execute", { body: "{}", headers: { "remote-plugin-call": "a b" } }), 400, "The call id is malformed"],
    [ask("/holds/execute", { body: '{"args": "ab"}', headers: FRAMED }), 400, '"args" in the body of "execute" must be a list'],
    [ask("/holds/cancel", { body: '{"call_id": {"toString": 1}}' }), 400, '"call_id" in the body of "cancel" must be a text'],
    [ask("/holds/cancel", { body: '{"call_id": 1}', headers: FRAMED }), 400, '"call_id" in the body of "cancel" must be a text'],
    [ask("/holds/execute", { body: '{"types": "a"}' }), 400, '"types" in the body must be an object'],
    [
      ask("/holds/execute", { body: '{"kwargs": {}, "types": {"/__proto__/x": "number"}}' }),
      400,
      'A pointer of "types" leads to "__proto__", which is not there',
    ],
  ];
  for (const [request, status, detail] of cases) {
    const response = await gateway(request);
    assertEquals([response.status, (await response.json()).detail], [status, detail]);
  }
  assertEquals(watch.events, []);
});

Deno.test("what changes a plugin for everybody takes the token of an operator", async () => {
  await using watch = await ManagerWatch.of("holds");
  const gateway = createGateway(watch.manager, { token: TOKEN, operatorToken: "chief" });
  for (const [endpoint, body] of [["initialize", "{}"], ["reconfigure", '{"new_config": {}}'], ["cleanup", "{}"]] as const) {
    const refused = await gateway(ask(`/holds/${endpoint}`, { body }));
    assertEquals([refused.status, (await refused.json()).code], [403, "operator_only"]);
    const allowed = await gateway(ask(`/holds/${endpoint}`, { body, headers: { authorization: "Bearer chief" } }));
    assertEquals(allowed.status, 200, await allowed.text());
  }
});

Deno.test("without an operator's token nobody is one", async () => {
  await using watch = await ManagerWatch.of("holds");
  const gateway = createGateway(watch.manager, { token: TOKEN });
  const answer = await gateway(ask("/holds/initialize", { body: "{}" }));
  assertEquals([answer.status, (await answer.json()).detail], [403, '"initialize" takes the token of an operator']);
});

Deno.test("a caller cancels calls of its own token, an operator those of everybody", async () => {
  await using watch = await ManagerWatch.of("holds", {}, { max_concurrency: 3 });
  const gateway = createGateway(watch.manager, { token: ["one", "two"], operatorToken: "chief" });
  const as = (token: string, headers = {}) => ({ headers: { authorization: `Bearer ${token}`, ...headers } });
  const hold = (token: string) =>
    gateway(ask("/holds/execute", { body: JSON.stringify({ kwargs: { hold: "s" } }), ...as(token, { "remote-plugin-call": "same" }) }));
  const cancel = async (token: string, body: string) => (await (await gateway(ask("/holds/cancel", { body, ...as(token) }))).json()).status;
  const [one, two] = [hold("one"), hold("two")];
  await eventually(async () => (await watch.manager.get("holds").getStats()).calls.running === 2, "two running calls");
  assertEquals(await cancel("one", '{"call_id": "other"}'), "not_running");
  assertEquals(await cancel("one", "{}"), "cancelled");
  assertEquals((await within(one, "the end of the first call")).status, 409);
  await eventually(async () => (await watch.manager.get("holds").getStats()).calls.running === 1, "one running call");
  assertEquals(await cancel("chief", '{"call_id": "same"}'), "cancelled");
  assertEquals((await within(two, "the end of the second call")).status, 409);
});

Deno.test("a plugin named with its version is the same one: its calls are found, and their ids are kept apart", async () => {
  await using watch = await ManagerWatch.of("holds", {}, { max_concurrency: 3 });
  const { version } = watch.manager.info("holds");
  const gateway = createGateway(watch.manager, { token: ["one", "two"] });
  const as = (token: string) => ({ headers: { authorization: `Bearer ${token}`, "remote-plugin-call": "same" } });
  const hold = (plugin: string, token: string) =>
    gateway(ask(`/${plugin}/execute`, { body: JSON.stringify({ kwargs: { hold: token } }), ...as(token) }));
  const calls = [hold("holds", "one"), hold(`holds@${version}`, "two")];
  await eventually(async () => (await watch.manager.get("holds").getStats()).calls.running === 2, "two running calls");
  assertEquals((await hold(`holds@${version}`, "one")).status, 409);
  for (const [plugin, token] of [[`holds@${version}`, "one"], ["holds", "two"]] as const) {
    const cancelled = await gateway(ask(`/${plugin}/cancel`, { body: '{"call_id": "same"}', ...as(token) }));
    assertEquals(await cancelled.json(), { status: "cancelled" });
  }
  for (const call of calls) assertEquals((await within(call, "the end of a call")).status, 409);
});

Deno.test("an operator loads, unloads, disables and enables a plugin", async () => {
  await using watch = await ManagerWatch.of("holds");
  const gateway = createGateway(watch.manager, { token: TOKEN, operatorToken: "chief" });
  const act = async (action: string, token = "chief") => {
    const answer = await gateway(ask(`/holds/${action}`, { method: "POST", headers: { authorization: `Bearer ${token}` } }));
    return [answer.status, (await answer.json()).state?.kind];
  };
  assertEquals(await act("load", TOKEN), [403, undefined]);
  assertEquals([await act("load"), watch.workers], [[200, "running"], 1]);
  assertEquals([await act("unload"), watch.workers], [[200, "registered"], 0]);
  assertEquals(await act("disable"), [200, "disabled"]);
  assertEquals(await act("load"), [500, undefined]);
  assertEquals(await act("enable"), [200, "registered"]);
  for (const name of ["loads", "unloads", "reload2", "preload"]) assertEquals([name, ...await act(name)], [name, 404, undefined]);
  assertEquals(watch.workers, 0);
  const unknown = await gateway(ask("/held/load", { method: "POST", headers: { authorization: "Bearer chief" } }));
  assertEquals(unknown.status, 404);
});

Deno.test("where a plugin lies, and why it cannot be started, is told to operators alone", async () => {
  await using watch = await ManagerWatch.of("raises_at_import");
  await watch.manager.load("raises_at_import").catch(() => {});
  const gateway = createGateway(watch.manager, { token: TOKEN, operatorToken: "chief" });
  for (const path of ["/", "/raises_at_import", "/stats", "/raises_at_import/signatures"]) {
    for (const token of [TOKEN, "chief"]) {
      const text = await (await gateway(ask(path, { headers: { authorization: `Bearer ${token}` } }))).text();
      assertEquals([path, token, text.includes("no import today")], [path, token, token === "chief"], text);
    }
  }
});

Deno.test("a configuration that comes over the network is not kept on disk", async () => {
  const configDir = await Deno.makeTempDir();
  try {
    await using watch = await ManagerWatch.of("configured", { configDir });
    const gateway = createGateway(watch.manager, { token: TOKEN, operatorToken: "chief" });
    const headers = { authorization: "Bearer chief" };
    const answer = await gateway(ask("/configured/initialize", { body: "{}", headers }));
    assertEquals([answer.status, [...Deno.readDirSync(configDir)].length], [200, 0], await answer.text());
    await watch.manager.get("configured").initialize({});
    assertEquals([...Deno.readDirSync(configDir)].length, 1);
  } finally {
    await Deno.remove(configDir, { recursive: true });
  }
});

Deno.test("a gateway answers to addresses, to localhost and to the names that it was given", async () => {
  await using watch = await ManagerWatch.of("holds");
  const gateway = createGateway(watch.manager, { token: TOKEN, hosts: ["Plugins.example.com"] });
  const cases: [string, number][] = [
    ["127.0.0.1:8000", 200],
    ["[::1]", 200],
    ["localhost:1", 200],
    ["plugins.example.com", 200],
    ["PLUGINS.example.com", 200],
    ["evil.test", 421],
  ];
  for (const [host, status] of cases) {
    const { headers } = ask("/holds");
    assertEquals([host, (await gateway(new Request(`http://${host}/holds`, { headers }))).status], [host, status]);
  }
});

Deno.test("a host that is no name is refused, by a server as a client sees it", async () => {
  await using watch = await ManagerWatch.of("holds");
  const gateway = createGateway(watch.manager, { token: TOKEN });
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, gateway);
  using connection = await Deno.connect({ port: server.addr.port });
  await connection.write(new TextEncoder().encode("GET /holds HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n"));
  const reply = await within(new Response(connection.readable).text(), "the reply");
  assertEquals([reply.split("\r\n", 1)[0], reply.includes("no name of a host")], ["HTTP/1.1 400 Bad Request", true]);
});

Deno.test("a page calls from where it was named, or where it was served", async () => {
  await using watch = await ManagerWatch.of("holds");
  const gateway = createGateway(watch.manager, { token: TOKEN, origins: ["https://app.example.com"] });
  const preflight = {
    method: "OPTIONS",
    headers: { origin: "https://app.example.com", "access-control-request-method": "POST", authorization: "" },
  };
  const asked = await gateway(ask("/holds/execute", preflight));
  assertEquals([asked.status, asked.headers.get("access-control-allow-origin")], [204, "https://app.example.com"]);
  const call = { body: JSON.stringify({ kwargs: { note: "a" } }), headers: { origin: "https://app.example.com" } };
  const answer = await gateway(ask("/holds/execute", call));
  assertEquals([await answer.json(), answer.headers.get("access-control-allow-origin")], ["a", "https://app.example.com"]);
  const cases: [string, number][] = [
    ["http://localhost", 200],
    // A proxy in front encrypts, and asks without.
    ["https://localhost", 200],
    ["http://localhost:8000", 403],
    ["https://localhost.evil.test", 403],
    ["ftp://localhost", 403],
    ["null", 403],
  ];
  for (const [origin, status] of cases) {
    assertEquals([origin, (await gateway(ask("/holds", { headers: { origin } }))).status], [origin, status]);
  }
});

Deno.test("an observer is told of every call, as it begins and as it ends", async () => {
  await using watch = await ManagerWatch.of("holds");
  const told: [string, ObservedCall, CallOutcome | undefined][] = [];
  const observer: CallObserver = {
    opened: (call) => told.push(["opened", call, undefined]),
    ended: (call, outcome) => told.push(["ended", call, outcome]),
  };
  const gateway = createGateway(watch.manager, { token: TOKEN, observers: [observer] });
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const body = JSON.stringify({ kwargs: { note: "a" } });
  const answer = await (await gateway(ask("/holds/execute", { body, headers: { traceparent } }))).bytes();
  const [opened, ended] = told;
  assertEquals(told.map(([what]) => what), ["opened", "ended"]);
  assertEquals(opened![1], ended![1]);
  assertEquals([opened![1].plugin, opened![1].endpoint, opened![1].client, opened![1].traceparent], [
    "holds",
    "execute",
    "caller 1",
    traceparent,
  ]);
  const { durationMs, ...outcome } = ended![2]!;
  assertEquals(outcome, { status: 200, code: undefined, bytesIn: body.length, bytesOut: answer.length, chunks: 0 });
  assertEquals(durationMs > 0, true);
});

Deno.test("a gateway tells of a plugin without starting it", async () => {
  await using watch = await ManagerWatch.of("holds");
  const gateway = createGateway(watch.manager, { token: TOKEN });
  const { name, state } = await (await gateway(ask("/holds"))).json();
  assertEquals([name, state.kind, watch.workers], ["holds", "registered", 0]);
});

Deno.test("a result that has bytes among other things is refused where no frames are asked for, and it is said how to ask", async () => {
  await using watch = await ManagerWatch.of("hands_over");
  const gateway = createGateway(watch.manager, { token: TOKEN });
  const body = JSON.stringify({ kwargs: { action: "give", size: 3, kind: "nested" } });
  const plain = await gateway(ask("/hands_over/execute", { body }));
  const { detail } = await plain.json();
  assertEquals(plain.status, 406);
  const [, accept] = /Ask for frames with "Accept: ([^"]*)"$/.exec(detail) ?? [];
  const framed = await gateway(ask("/hands_over/execute", { body, headers: { accept: accept! } }));
  assertEquals((await framed.json()).result["a/b"][1].data, new Uint8Array([0, 1, 2]).toBase64());
});

Deno.test("a gateway answers a wrong argument with 400, and what else fails in a plugin with 500", async () => {
  await using watch = await ManagerWatch.of("fails");
  const gateway = createGateway(watch.manager, { token: TOKEN });
  for (
    const [kwargs, status, category] of [[{ kind: "value" }, 400, "user_input"], [{}, 400, "user_input"], [{ kind: "bug" }, 500, "fatal"]]
  ) {
    const answer = await gateway(ask("/fails/execute", { body: JSON.stringify({ kwargs }) }));
    assertEquals([answer.status, (await answer.json())._job_error.category], [status, category]);
  }
});

Deno.test("a client that goes away has given up its call, where a server tells no more than the request does", async () => {
  await using watch = await ManagerWatch.of("holds");
  const gateway = createGateway(watch.manager, { token: TOKEN });
  const client = new AbortController();
  const held = gateway(ask("/holds/execute", { body: JSON.stringify({ kwargs: { hold: "s" } }), signal: client.signal }));
  await eventually(async () => (await watch.manager.get("holds").getStats()).calls.running === 1, "one running call");
  client.abort();
  const answer = await within(held, "the end of the call");
  assertEquals(answer.status, 409);
  assertEquals((await answer.json())._job_error.code, "cancelled");
});

Deno.test("a proxy attaches to a plugin behind a gateway, and a call of its is cancelled by its id alone", async () => {
  await using watch = await ManagerWatch.of("holds", {}, { max_concurrency: 2 });
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, createGateway(watch.manager, { token: TOKEN }));
  const endpoint = { url: `http://127.0.0.1:${server.addr.port}/holds`, token: TOKEN };
  await using plugin = await RemotePluginProxy.attach(endpoint);
  await using other = await RemotePluginProxy.attach(endpoint);
  const abort = new AbortController();
  const stream = other.executeStream({ hold: "s" });
  assertEquals((await stream.next()).value, "s");
  const call = plugin.execute({ hold: "s" }, { signal: abort.signal });
  await eventually(async () => (await plugin.getStats()).calls.running === 2, "two running calls");
  abort.abort(new Error("enough"));
  await assertRejects(() => call, Error, "enough");
  await eventually(async () => (await plugin.getStats()).calls.running === 1, "one running call");
  await stream.return();
});

Deno.test("whoever attaches to a plugin that a gateway has not, or to the gateway itself, is told what to do", async () => {
  await using watch = await ManagerWatch.of("holds");
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, createGateway(watch.manager, { token: TOKEN }));
  const url = `http://127.0.0.1:${server.addr.port}`;
  for (
    const [path, told] of [
      ["/hold", 'there is no plugin "hold". The nearest name is "holds"'],
      ["/hold@2", 'there is no plugin "hold@2"'],
      ["/", "Give the name of one of its plugins behind its address"],
      ["", "Give the name of one of its plugins behind its address"],
    ] as const
  ) {
    await assertRejects(() => RemotePluginProxy.attach({ url: `${url}${path}`, token: TOKEN }), ProtocolError, told);
  }
});

Deno.test("a gateway is made with no token that a request could not carry", async () => {
  await using watch = await ManagerWatch.of("holds");
  for (const token of ["", " ", "a\n", " a", "schlüssel"]) {
    assertThrows(() => createGateway(watch.manager, { token: ["fine", token] }), TypeError, '"token"');
    assertThrows(() => createGateway(watch.manager, { token: "fine", operatorToken: token }), TypeError, '"operatorToken"');
  }
  assertEquals((await createGateway(watch.manager, { token: "of two words" })(ask("/", AS_TWO_WORDS))).status, 200);
});

Deno.test("a gateway that is mounted below a path answers there, and nowhere else", async () => {
  await using watch = await ManagerWatch.of("holds");
  for (const basePath of ["/plugins", "/plugins/"]) {
    const gateway = createGateway(watch.manager, { token: TOKEN, basePath });
    const paths = ["/plugins/holds", "/plugins/", "/plugins", "/plugins/health", "/holds", "/pluginsholds", "/health", "/"];
    const statuses = await Promise.all(paths.map(async (path) => (await gateway(ask(path))).status));
    assertEquals(statuses, [200, 200, 200, 200, 404, 404, 404, 404]);
  }
});
