import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CallError } from "@remote-plugin/proxy";
import { createGateway } from "@remote-plugin/proxy/gateway";
import { BOTH, BOTH_OF_EITHER, fixtureManifest, labelOf } from "../support/fixture_proxy.ts";
import { ManagerWatch } from "../support/managed_plugins.ts";
import { ServedPlugins } from "../support/served_plugins.ts";

const TOKEN = "let-me-in";

function post(path: string, body?: unknown, headers: Record<string, string> = {}): Request {
  const text = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
  return new Request(`http://localhost${path}`, { method: "POST", body: text, headers: { authorization: `Bearer ${TOKEN}`, ...headers } });
}

for (const face of BOTH) {
  Deno.test(`${labelOf(face)}: a gateway calls methods by their names`, async () => {
    await using watch = await ManagerWatch.create({ manifests: [await fixtureManifest(face, "methods")] });
    const gateway = createGateway(watch.manager, { token: TOKEN });
    const answer = await gateway(post("/methods/call/shout", { kwargs: { text: "hi", times: 2 } }));
    assertEquals([answer.status, await answer.json()], [200, "HIHI"]);
    const stream = await gateway(post("/methods/stream/words", { kwargs: { text: "one two" } }));
    assertEquals([stream.headers.get("content-type"), await stream.text()], ["application/x-ndjson", '"one"\n"two"\n']);
    const unicode = await gateway(post("/methods/call/größe", { kwargs: { text: "four" } }));
    assertEquals([unicode.status, await unicode.json()], [200, 4]);
    const inUrl = await gateway(post("/methods/call/shout?text=hi&times=2"));
    assertEquals([inUrl.status, await inUrl.json()], [200, "HIHI"]);
  });
}

Deno.test("what is no method is 404 with the nearest name, what is no body 400, and the next call works", async () => {
  await using watch = await ManagerWatch.of("methods");
  const gateway = createGateway(watch.manager, { token: TOKEN });
  const cases: [Request, number, string][] = [
    [post("/methods/call/shuot", {}), 404, 'The nearest name is "shout"'],
    [post("/methods/stream/shuot", {}), 200, 'The nearest name is \\"shout\\"'],
    [post("/methods/call/_secret", {}), 404, "has no method"],
    [post("/methods/call/execute", {}), 404, "has no method"],
    [post("/methods/call/%ff", {}), 404, "has no method"],
    [post("/methods/call/", {}), 404, ""],
    [post("/methods/call", {}), 404, "There is no endpoint"],
    [post("/methods/cal/shout", {}), 404, ""],
    [post("/methods/call/shout/more", {}), 404, ""],
    [post("/methods/call/shout", { text: "hi" }), 400, 'Arguments go into \\"kwargs\\"'],
    [post("/methods/call/shout", { kwargs: [1] }), 400, "must be an object"],
    [new Request("http://localhost/methods/call/shout", { headers: { authorization: `Bearer ${TOKEN}` } }), 405, "takes POST"],
    [post("/methods/call/shout", {}, { authorization: "Bearer wrong" }), 401, "token"],
  ];
  for (const [request, status, message] of cases) {
    const answer = await gateway(request);
    const text = await answer.text();
    assertEquals([request.url, answer.status], [request.url, status]);
    assertStringIncludes(text.replaceAll('\\"', '"'), message.replaceAll('\\"', '"'));
  }
  assertEquals(await (await gateway(post("/methods/call/shout", { kwargs: { text: "hi" } }))).json(), "HI");
});

Deno.test("methods are described, and counted as one whatever clients call them", async () => {
  await using watch = await ManagerWatch.of("methods");
  const gateway = createGateway(watch.manager, { token: TOKEN });
  const get = (path: string) => gateway(new Request(`http://localhost${path}`, { headers: { authorization: `Bearer ${TOKEN}` } }));
  const { paths } = await (await get("/openapi.json")).json();
  const { post: shout } = paths["/methods/call/shout"];
  assertEquals([shout.operationId, shout.summary], ["methods_call_shout", "Says it loudly."]);
  assertEquals(shout.requestBody.content["application/json"].schema.properties.kwargs.required, ["text"]);
  assertEquals(Object.keys(paths["/methods/stream/words"].post.responses[200].content), ["application/x-ndjson"]);
  assertEquals("/methods/stream/shout" in paths, false);
  assertEquals("/methods/call/gr%C3%B6%C3%9Fe" in paths, true);
  const ids = Object.values(paths).flatMap((path) => Object.values(path as object).map(({ operationId }) => operationId));
  assertEquals(new Set(ids).size, ids.length);
  for (const name of ["shout", "nothing", "more"]) await (await gateway(post(`/methods/call/${name}`, { kwargs: { text: "a" } }))).text();
  const lines = (await (await get("/metrics")).text()).split("\n").filter((line) => line.startsWith("remote_plugin_calls_total{"));
  assertEquals(lines.map((line) => /endpoint="([^"]*)"/.exec(line)?.[1]).filter((endpoint) => endpoint?.startsWith("call")), [
    "call",
    "call",
  ]);
});

for (const face of BOTH_OF_EITHER) {
  Deno.test(`${labelOf(face)}: a program that attaches through a gateway calls methods by their names`, async () => {
    await using served = await ServedPlugins.start({ methods: await fixtureManifest(face, "methods") });
    await using plugin = await served.attach(face, "methods");
    assertEquals(await plugin.call("shout", { text: "hi" }), "HI");
    assertEquals(await Array.fromAsync(plugin.stream("words", { text: "one two" })), ["one", "two"]);
    const { given } = await plugin.call<{ given: unknown }>("echoes", { given: new Uint8Array(100_000).fill(1) });
    assertEquals(typeof given, "string", "the path of a file that has come as bytes");
    const error = await assertRejects(() => plugin.call("shuot"), CallError);
    const said = 'Cannot run "shuot" of "methods": it has no method "shuot". The nearest name is "shout"';
    assertEquals([error.code, error.message], ["not_supported", said]);
  });

  Deno.test(`${labelOf(face)}: through a gateway a method is called by whatever name it has`, async () => {
    await using served = await ServedPlugins.start({ odd_names: await fixtureManifest(face, "odd_names") });
    await using plugin = await served.attach(face, "odd_names");
    for (const name of ["it's (fine)!", "a b", "a/b", "../a", "a%2Fb", "a?b=c#d", "a\nb", "ü💥", "then"]) {
      assertEquals(await plugin.call(name, { given: 1 }), [name, 1]);
    }
    for (const name of ["", ".", ".."]) assertEquals((await assertRejects(() => plugin.call(name), CallError)).code, "not_supported");
  });
}
