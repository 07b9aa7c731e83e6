import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createGateway, type GatewayHandler, type GatewayOptions, LogFeed } from "@remote-plugin/proxy/gateway";
import { pathOf } from "@remote-plugin/tools/registry";
import { PACKAGE_RELEASES } from "../../src/dashboard/package_text.ts";
import { eventually, within } from "../support/guard.ts";
import { ManagerWatch, pythonManifest } from "../support/managed_plugins.ts";

const OWN_PAGE = { "sec-fetch-site": "same-origin" };

function gatewayOf(watch: ManagerWatch, options: Partial<GatewayOptions> = {}): GatewayHandler {
  return createGateway(watch.manager, { token: "caller", operatorToken: "operator", ...options });
}

/** Asks for a path of the gateway. */
async function ask(gateway: GatewayHandler, path: string, init: RequestInit = {}): Promise<Response> {
  return await gateway(new Request(`http://127.0.0.1${path}`, init));
}

async function signIn(gateway: GatewayHandler, token: string): Promise<Response> {
  const body = JSON.stringify({ token });
  return await ask(gateway, "/dashboard/session", { method: "POST", body, headers: { "content-length": `${body.length}` } });
}

async function cookieOf(gateway: GatewayHandler, token: string): Promise<string> {
  return (await signIn(gateway, token)).headers.get("set-cookie")!.split(";")[0]!;
}

Deno.test("a token gives a cookie that scripts and other pages do not see, and a wrong one gives none", async () => {
  await using watch = await ManagerWatch.of("echo");
  const gateway = gatewayOf(watch);
  const signed = await signIn(gateway, "caller");
  const cookie = signed.headers.get("set-cookie")!;
  assertEquals([signed.status, cookie.split("; ").slice(1)], [204, ["Path=/", "HttpOnly", "SameSite=Strict"]]);
  assert(!cookie.includes("caller"));
  // A proxy in front encrypts.
  const origin = { origin: "https://127.0.0.1" };
  const encrypted = await ask(gateway, "/dashboard/session", { method: "POST", body: '{"token": "caller"}', headers: origin });
  assert(encrypted.headers.get("set-cookie")!.endsWith("; Secure"));
  const refused = await signIn(gateway, "wrong");
  assertEquals([refused.status, refused.headers.get("set-cookie")], [401, null]);
  for (const [body, status] of [["{}", 400], ["nonsense", 400], [JSON.stringify({ token: "x".repeat(20_000) }), 413]] as const) {
    const bad = await ask(gateway, "/dashboard/session", { method: "POST", body, headers: { "content-length": `${body.length}` } });
    assertEquals(bad.status, status);
  }
});

Deno.test("whoever signs in and sends no token is not waited for, and takes no place from who has one", async () => {
  await using watch = await ManagerWatch.of("echo");
  const gateway = gatewayOf(watch, { limits: { bodyMs: 500, requests: 1 } });
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, gateway);
  const url = `http://127.0.0.1:${server.addr.port}`;
  using silent = await Deno.connect({ port: server.addr.port });
  await silent.write(new TextEncoder().encode("POST /dashboard/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30\r\n\r\n"));
  await eventually(async () => {
    const next = await fetch(`${url}/dashboard/session`, { method: "POST", body: '{"token": "caller"}' });
    await next.body?.cancel();
    return next.status === 429;
  }, "a sign-in without a place");
  const listed = await fetch(url, { headers: { authorization: "Bearer caller" } });
  assertEquals([await listed.text().then((text) => text.includes("echo")), listed.status], [true, 200]);
  const begin = new Uint8Array(12);
  await within(silent.read(begin), "the refusal");
  assertEquals(new TextDecoder().decode(begin), "HTTP/1.1 408");
});

Deno.test("a cookie opens what its token does, for the gateway's own page alone", async () => {
  await using watch = await ManagerWatch.of("echo");
  const gateway = gatewayOf(watch);
  const cookie = await cookieOf(gateway, "caller");
  const statusOf = async (headers: Record<string, string>) => (await ask(gateway, "/stats", { headers })).status;
  assertEquals(await statusOf({ cookie, ...OWN_PAGE }), 200);
  assertEquals(await statusOf({ cookie: `other=1; ${cookie}`, ...OWN_PAGE }), 200);
  for (const site of ["cross-site", "same-site", "none"]) assertEquals(await statusOf({ cookie, "sec-fetch-site": site }), 401);
  assertEquals(await statusOf({ cookie }), 401);
  assertEquals(await statusOf({ cookie: `${cookie}x`, ...OWN_PAGE }), 401);
  assertEquals(await statusOf({ cookie, ...OWN_PAGE, origin: "https://elsewhere.example" }), 403);
  assertEquals(await statusOf({ cookie, ...OWN_PAGE, authorization: "Bearer wrong" }), 401);
});

Deno.test("a cookie opens the gateway over a network without encryption, where no browser says which page has asked", async () => {
  await using watch = await ManagerWatch.of("echo");
  const gateway = gatewayOf(watch);
  const cookie = await cookieOf(gateway, "caller");
  const statusOf = async (url: string, headers: Record<string, string> = {}) =>
    (await gateway(new Request(`${url}/stats`, { headers: { cookie, ...headers } }))).status;
  assertEquals(await statusOf("http://192.168.1.5:8000"), 200);
  assertEquals(await statusOf("http://192.168.1.5:8000", { "sec-fetch-site": "same-site" }), 401);
  assertEquals(await statusOf("http://192.168.1.5:8000", { origin: "http://192.168.1.5:3000" }), 403);
  for (const url of ["https://192.168.1.5:8000", "http://localhost:8000", "http://[::1]:8000"]) {
    assertEquals([url, await statusOf(url)], [url, 401]);
  }
});

Deno.test("a cookie is that of its role, holds after a restart, and no longer than its token", async () => {
  await using watch = await ManagerWatch.of("echo");
  const cookie = await cookieOf(gatewayOf(watch), "operator");
  const roleOf = async (gateway: GatewayHandler) => {
    const response = await ask(gateway, "/dashboard/session", { headers: { cookie, ...OWN_PAGE } });
    return response.ok ? (await response.json()).role : response.status;
  };
  assertEquals(await roleOf(gatewayOf(watch)), "operator");
  assertEquals(await roleOf(gatewayOf(watch, { operatorToken: "another" })), 401);
  assertEquals(await roleOf(gatewayOf(watch, { token: "operator", operatorToken: "another" })), 401);
});

Deno.test("a browser gets the page at the root, whose policy lets nothing of elsewhere run, and a program the plugins", async () => {
  await using watch = await ManagerWatch.of("echo");
  const odd = gatewayOf(watch, { basePath: '/"><script>' });
  const oddPage = await (await ask(odd, "/%22%3E%3Cscript%3E/", { headers: { accept: "text/html" } })).text();
  assertEquals([...oddPage.matchAll(/<script/g)].length, 2);
  const plain = gatewayOf(watch, { basePath: "/plugins" });
  const html = await (await ask(plain, "/plugins/", { headers: { accept: "text/html,*/*" } })).text();
  const [script] = /\/plugins\/dashboard\/[\da-f]{16}\/main\.js/.exec(html)!;
  const file = await ask(plain, script, { headers: { "accept-encoding": "gzip" } });
  assertEquals([file.status, file.headers.get("content-encoding"), file.headers.get("content-type")], [
    200,
    "gzip",
    "text/javascript; charset=utf-8",
  ]);
  const policy = (await ask(plain, "/plugins", { headers: { accept: "text/html" } })).headers.get("content-security-policy")!;
  for (const rule of ["default-src 'none'", "script-src 'self' 'sha256-", "connect-src 'self'", "frame-ancestors 'none'"]) {
    assertStringIncludes(policy, rule);
  }
  assert(!policy.includes("unsafe"));
  const list = await ask(plain, "/plugins/", { headers: { authorization: "Bearer caller" } });
  assertEquals((await list.json())[0].name, "echo");
  assertEquals((await ask(plain, script.replace("main", "no_such"))).status, 401);
});

Deno.test("forms tell what a plugin takes, and why it cannot be started to those who may know", async () => {
  await using watch = await ManagerWatch.of("raises_at_import");
  const gateway = gatewayOf(watch);
  const detailOf = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await (await ask(gateway, "/dashboard/forms/raises_at_import", { headers })).json()).detail as string;
  };
  assertEquals(await detailOf("caller"), '"raises_at_import" could not be started. An operator is told why');
  assertStringIncludes(await detailOf("operator"), "RuntimeError");
  const unknown = await ask(gateway, "/dashboard/forms/raises", { headers: { authorization: "Bearer caller" } });
  assertEquals([unknown.status, (await unknown.json()).code], [404, "unknown_plugin"]);
});

Deno.test("operators get the log and all calls as events, and callers their own calls, until the gateway ends", async () => {
  await using watch = await ManagerWatch.of("echo");
  const logs = new LogFeed();
  const draining = new AbortController();
  const gateway = gatewayOf(watch, { token: ["first", "second"], logs, draining: draining.signal });
  const as = (token: string) => ({ authorization: `Bearer ${token}` });
  const read = async (token: string) => await ask(gateway, "/dashboard/events", { headers: as(token) });
  const streams = [await read("first"), await read("second"), await read("operator")];
  const json = { ...as("first"), "content-type": "application/json" };
  await (await ask(gateway, "/echo/execute", { method: "POST", body: "{}", headers: json })).text();
  logs.add({ time: new Date(0), stream: "stderr", text: "a\nb" }, "echo");
  draining.abort();
  const [first, second, operator] = await within(Promise.all(streams.map((stream) => stream.text())), "the end of the events");
  assertStringIncludes(operator!, 'event: log\ndata: {"time":"1970-01-01T00:00:00.000Z","stream":"stderr","text":"a\\nb"');
  for (const text of [first!, operator!]) {
    assertMatch(
      text,
      /event: call\ndata: \{"number":0,"plugin":"echo","version":"1.2.3","endpoint":"execute","client":"caller 1",.*"outcome":"ok"/,
    );
  }
  assert(!/event: (call|log)/.test(second!) && !first!.includes("event: log"));
});

Deno.test("the configuration is in the forms of operators alone", async () => {
  await using watch = await ManagerWatch.of("configured");
  const gateway = gatewayOf(watch);
  const formsFor = async (token: string, plugin = "configured") =>
    await (await ask(gateway, `/dashboard/forms/${plugin}`, { headers: { authorization: `Bearer ${token}` } })).json();
  assertEquals((await formsFor("caller")).configuration, undefined);
  const { current, named: { fields } } = (await formsFor("operator")).configuration;
  assertEquals([current, fields.map(({ name }: { name: string }) => name)], [{ model: "small" }, ["model"]]);
  await watch.manager.add(await pythonManifest("raises"));
  const { configuration, execute } = await formsFor("operator", "raises");
  assertStringIncludes(configuration.problem, "the model is broken");
  assertEquals(execute.named.fields, []);
});

Deno.test("whoever only imports the gateway downloads nothing of its pages", async () => {
  const map = ["--import-map", pathOf("tools/npm_imports.json")];
  const args = ["info", "--json", "--no-config", "--no-lock", ...map, pathOf("src/gateway/mod.ts")];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: { specifier: string }[] };
  const packages = modules.map(({ specifier }) => /^npm:\/?(.*)@/.exec(specifier)?.[1]);
  assert(packages.some((name) => name?.startsWith("hono")));
  assertEquals(packages.filter((name) => name !== undefined && Object.hasOwn(PACKAGE_RELEASES, name)), []);
});
