import { assertEquals, assertStringIncludes } from "@std/assert";
import { createGateway } from "@remote-plugin/proxy/gateway";
import { BOTH, fixtureManifest, foreignManifest, labelOf } from "../support/fixture_proxy.ts";
import { within } from "../support/guard.ts";
import { ManagerWatch, pythonManifest } from "../support/managed_plugins.ts";

const TOKEN = "let-me-in";

function get(path: string, headers: HeadersInit = { authorization: `Bearer ${TOKEN}` }): Request {
  return new Request(`http://localhost${path}`, { headers });
}

Deno.test("a gateway describes what its plugins take and give, and starts them for it", async () => {
  await using watch = await ManagerWatch.create({
    manifests: [await pythonManifest("typed"), await pythonManifest("raises_at_import"), foreignManifest()],
  });
  const gateway = createGateway(watch.manager, { token: TOKEN });
  const reply = await gateway(get("/openapi.json"));
  const { openapi, paths, tags } = await reply.json();
  assertEquals([reply.status, openapi, paths["/typed/execute"].post.summary], [200, "3.1.0", "Repeats a text."]);
  const { schema } = paths["/typed/execute"].post.requestBody.content["application/json"];
  assertEquals(schema.properties.kwargs.required, ["text"]);
  assertEquals(paths["/typed/initialize"].post.requestBody.content["application/json"].schema.properties.mark.type, "string");
  const told = Object.fromEntries(tags.map(({ name, description }: { name: string; description?: string }) => [name, description]));
  assertStringIncludes(told.raises_at_import, "could not be asked");
  assertStringIncludes(told[foreignManifest().name!], "cannot tell");
  assertEquals("/raises_at_import/execute" in paths, true);
});

for (const face of BOTH) {
  Deno.test(`${labelOf(face)}: a plugin that runs is told with what it takes, and none is started for it`, async () => {
    await using watch = await ManagerWatch.create({ manifests: [await fixtureManifest(face, "methods")] });
    const gateway = createGateway(watch.manager, { token: TOKEN });
    const told = async () => await (await gateway(get("/methods"))).json();
    assertEquals([(await told()).state.kind, "signatures" in await told(), watch.workers], ["registered", false, 0]);
    await watch.manager.load("methods");
    const { state, signatures } = await told();
    assertEquals([state.kind, signatures], ["running", await watch.manager.get("methods").getSignatures()]);
    assertEquals(signatures.methods.shout.arguments.required, ["text"]);
  });
}

Deno.test("whoever asks what a plugin is does not keep it from being let go", async () => {
  await using watch = await ManagerWatch.of("typed", { unloadAfterMs: 300 });
  const gateway = createGateway(watch.manager, { token: TOKEN });
  await watch.manager.load("typed");
  const told = async () => await (await gateway(get("/typed"))).json();
  const untilIdle = async () => {
    while ("signatures" in await told());
  };
  await within(untilIdle(), "the end of the idle plugin");
  await watch.told("stopped");
  assertEquals((await told()).state.kind, "registered");
});

Deno.test("a plugin whose worker cannot tell is told without what it takes", async () => {
  const manifest = foreignManifest();
  await using watch = await ManagerWatch.create({ manifests: [manifest] });
  const gateway = createGateway(watch.manager, { token: TOKEN });
  await watch.manager.load(manifest.name!);
  const reply = await gateway(get(`/${manifest.name}`));
  const told = await reply.json();
  assertEquals([reply.status, told.state.kind, "signatures" in told], [200, "running", false]);
});

Deno.test("the description takes a token, and the page to read it takes none and tells nothing", async () => {
  await using watch = await ManagerWatch.of("typed");
  const gateway = createGateway(watch.manager, { token: TOKEN });
  assertEquals((await gateway(get("/openapi.json", {}))).status, 401);
  const page = await gateway(get("/docs", {}));
  const html = await page.text();
  assertEquals([page.status, page.headers.get("content-type"), html.includes("typed")], [200, "text/html; charset=utf-8", false]);
  const own = html.matchAll(/(?:src|href)="([^"]*)"/g).map(([, place]) => place!).toArray();
  assertEquals(own.every((place) => place.startsWith("docs/") || place.startsWith("data:")), true, `${own}`);
  for (const place of own.filter((one) => one.startsWith("docs/"))) {
    const file = await gateway(get(`/${place}`, {}));
    assertEquals([file.status, (await file.bytes()).length > 500], [200, true], place);
    assertStringIncludes(file.headers.get("content-security-policy")!, "default-src 'none'");
  }
  assertEquals(watch.workers, 0);
});

Deno.test("the page is found with a slash behind its path as well", async () => {
  await using watch = await ManagerWatch.of("holds");
  for (const basePath of ["", "/plugins"]) {
    const gateway = createGateway(watch.manager, { token: "let-me-in", basePath });
    const moved = await gateway(new Request(`http://localhost${basePath}/docs/`));
    const place = new URL(moved.headers.get("location")!, `http://localhost${basePath}/docs/`);
    assertEquals([moved.status, (await gateway(new Request(place))).status], [308, 200]);
  }
});

Deno.test("what a gateway refuses is a problem with a code", async () => {
  await using watch = await ManagerWatch.of("raises");
  const gateway = createGateway(watch.manager, { token: TOKEN });
  const failing = new Request(`http://localhost/raises/execute`, { method: "POST", headers: { authorization: `Bearer ${TOKEN}` } });
  const cases: [Request, number, string][] = [
    [get("/raises/stats", {}), 401, "unauthorized"],
    [get("/nothing/stats"), 404, "unknown_plugin"],
    [get("/raises/nothing"), 404, "not_found"],
    [get("/raises/execute"), 405, "wrong_method"],
    [failing, 500, "remote_error"],
  ];
  for (const [request, status, code] of cases) {
    const reply = await gateway(request);
    const problem = await reply.json();
    assertEquals([reply.status, reply.headers.get("content-type"), problem.code], [status, "application/problem+json", code]);
    assertEquals([problem.type, problem.status, typeof problem.title, typeof problem.detail], [
      `urn:problem-type:remote-plugin:${code}`,
      status,
      "string",
      "string",
    ]);
    assertEquals("_job_error" in problem, code === "remote_error");
  }
});
