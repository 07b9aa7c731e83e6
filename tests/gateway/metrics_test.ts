import { assertEquals, assertGreater } from "@std/assert";
import { createGateway, type GatewayHandler } from "@remote-plugin/proxy/gateway";
import { eventually } from "../support/guard.ts";
import { elsewhere } from "../support/elsewhere.ts";
import { ManagerWatch, pythonManifest } from "../support/managed_plugins.ts";
import { readSamples, valueOf } from "../support/prometheus_text.ts";

const [TOKEN, METRICS_TOKEN] = ["let-me-in", "let-me-look"];

function withToken(token: string): RequestInit {
  return { headers: { authorization: `Bearer ${token}` } };
}

function get(gateway: GatewayHandler, path: string, init: RequestInit = {}): Promise<Response> {
  return gateway(new Request(`http://localhost${path}`, init));
}

async function post(gateway: GatewayHandler, path: string, kwargs: Record<string, unknown>): Promise<string> {
  const body = JSON.stringify({ kwargs });
  const headers = { ...withToken(TOKEN).headers, "content-length": `${body.length}` };
  return await (await get(gateway, path, { method: "POST", headers, body })).text();
}

async function metricsOf(gateway: GatewayHandler): Promise<string> {
  return await (await get(gateway, "/metrics", withToken(METRICS_TOKEN))).text();
}

Deno.test("GET /health answers without a token, by whatever name the gateway is asked, and tells nothing else", async () => {
  await using watch = await ManagerWatch.of("reports");
  const gateway = createGateway(watch.manager, { token: TOKEN });
  const answer = await gateway(new Request("http://10.0.0.7.example.org/health"));
  assertEquals([answer.status, answer.headers.get("cache-control"), await answer.json()], [200, "no-store", { status: "ok" }]);
  const head = await get(gateway, "/health", { method: "HEAD" });
  assertEquals([head.status, await head.text()], [200, ""]);
});

Deno.test("GET /ready is refused while a gateway drains, which /health and /metrics outlast", async () => {
  await using watch = await ManagerWatch.of("reports");
  const draining = new AbortController();
  const gateway = createGateway(watch.manager, { token: TOKEN, metricsToken: METRICS_TOKEN, draining: draining.signal });
  const statuses = async () => [
    (await get(gateway, "/ready")).status,
    (await get(gateway, "/health")).status,
    (await get(gateway, "/metrics", withToken(METRICS_TOKEN))).status,
    (await get(gateway, "/reports", withToken(TOKEN))).status,
  ];
  assertEquals(await statuses(), [200, 200, 200, 200]);
  draining.abort();
  assertEquals(await statuses(), [503, 200, 200, 503]);
  assertEquals(await (await get(gateway, "/ready")).json(), { status: "draining" });
});

Deno.test("GET /metrics takes a token, and that of the metrics opens nothing else", async () => {
  await using watch = await ManagerWatch.of("reports");
  const gateway = createGateway(watch.manager, { token: TOKEN, metricsToken: METRICS_TOKEN });
  const statusOf = async (path: string, token: string) => (await get(gateway, path, withToken(token))).status;
  assertEquals(await Promise.all(["wrong", TOKEN, METRICS_TOKEN].map((token) => statusOf("/metrics", token))), [401, 200, 200]);
  assertEquals(await Promise.all(["/", "/stats", "/reports"].map((path) => statusOf(path, METRICS_TOKEN))), [401, 401, 401]);
  const none = createGateway(watch.manager, { token: TOKEN });
  assertEquals((await get(none, "/metrics", withToken(METRICS_TOKEN))).status, 401);
});

Deno.test("GET /metrics tells how calls ended, what they carried, and what the workers do", async () => {
  await using watch = await ManagerWatch.of("reports");
  const gateway = createGateway(watch.manager, { token: TOKEN, metricsToken: METRICS_TOKEN });
  const sent = await post(gateway, "/reports/execute_stream", { steps: [[0.5, "a"], [1, "b"]] });
  await post(gateway, "/reports/execute", { wrong: true });
  await get(gateway, "/nothing/execute", withToken("wrong"));
  const text = await metricsOf(gateway);
  const figure = (name: string, labels: Record<string, string> = {}) => valueOf(text, `remote_plugin_${name}`, labels);
  const plugin = "reports";
  assertEquals(figure("calls_total", { plugin, endpoint: "execute_stream", outcome: "ok" }), 1);
  assertEquals(figure("calls_total", { plugin, endpoint: "execute", outcome: "plugin_error" }), 1);
  assertEquals([figure("stream_chunks_total", { plugin }), figure("open_calls", { plugin })], [2, 0]);
  assertGreater(figure("sent_bytes_total", { plugin })!, sent.length);
  assertGreater(figure("received_bytes_total", { plugin })!, 0);
  assertEquals(figure("state", { plugin, version: "1.2.3", state: "running" }), 1);
  assertEquals([figure("workers", { plugin, state: "idle" }), figure("worker_starts_total", { plugin })], [1, 1]);
  assertGreater(figure("worker_memory_bytes", { plugin })!, 1_000_000);
  assertEquals(figure("http_responses_total", { status: "401" }), 1);
  assertGreater(valueOf(text, "process_open_fds")!, 2);
});

Deno.test("calls of a plugin by its name, and by its name and version, are counted together, and other versions apart", async () => {
  const manifests = await Promise.all(["1.10.0", "1.9.0"].map((version) => pythonManifest("echo", { version })));
  await using watch = await ManagerWatch.create({ manifests });
  const gateway = createGateway(watch.manager, { token: TOKEN, metricsToken: METRICS_TOKEN });
  for (const name of ["echo", "echo@1.10.0", "echo@1.9.0"]) await post(gateway, `/${name}/execute`, {});
  const counted = readSamples(await metricsOf(gateway)).filter(({ name }) => name === "remote_plugin_calls_total");
  assertEquals(counted.map(({ labels: { plugin, version }, value }) => [plugin, version, value]), [
    ["echo", "1.10.0", 2],
    ["echo", "1.9.0", 1],
  ]);
});

Deno.test("GET /metrics tells of calls that run, of those that wait, and of workers that ended unasked", async () => {
  await using watch = await ManagerWatch.of("holds", {}, { max_concurrency: 1 });
  const gateway = createGateway(watch.manager, { token: TOKEN, metricsToken: METRICS_TOKEN });
  const held = post(gateway, "/holds/execute", { hold: "a" });
  const waits = post(gateway, "/holds/execute", { note: "b" });
  const figures = async (...names: string[]) => {
    const text = await metricsOf(gateway);
    return names.map((name) => valueOf(text, `remote_plugin_${name}`, name === "workers" ? { state: "busy" } : {}));
  };
  await eventually(
    async () => `${await figures("open_calls", "waiting_calls", "workers")}` === "2,1,1",
    "a call that runs and one that waits",
  );
  const { pid } = await watch.manager.get("holds").getStats();
  Deno.kill(pid, "SIGKILL");
  await held;
  await waits;
  await watch.told("exited");
  const text = await metricsOf(gateway);
  assertEquals(valueOf(text, "remote_plugin_worker_ends_total", { plugin: "holds", reason: "exited" }), 1);
  assertEquals(valueOf(text, "remote_plugin_calls_total", { plugin: "holds", outcome: "plugin_exit" }), 1);
});

Deno.test("GET /metrics tells of starts that wait for their cluster, until they begin", async () => {
  const admitted = Promise.withResolvers<void>();
  const launcher = elsewhere({ queue: ["no node has room"], admitted: admitted.promise });
  await using watch = await ManagerWatch.of("echo", { launcher });
  const gateway = createGateway(watch.manager, { token: TOKEN, metricsToken: METRICS_TOKEN });
  const call = post(gateway, "/echo/execute", {});
  await watch.told("queued");
  assertEquals(valueOf(await metricsOf(gateway), "remote_plugin_queued_starts", { plugin: "echo" }), 1);
  admitted.resolve();
  await call;
  assertEquals(valueOf(await metricsOf(gateway), "remote_plugin_queued_starts", { plugin: "echo" }), 0);
});

Deno.test("a plugin whose manifest has gone is in the metrics no more, and one that comes is", async () => {
  await using watch = await ManagerWatch.create({});
  const gateway = createGateway(watch.manager, { token: TOKEN, metricsToken: METRICS_TOKEN });
  assertEquals(valueOf(await metricsOf(gateway), "remote_plugin_state"), undefined);
  await watch.manager.add({ name: "late", version: "1", runtime: "deno", module: "/nowhere/plugin.ts" });
  assertEquals(valueOf(await metricsOf(gateway), "remote_plugin_state", { plugin: "late", state: "registered" }), 1);
});
