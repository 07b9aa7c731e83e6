import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { createGateway } from "@remote-plugin/proxy/gateway";
import { ManagerWatch } from "../support/managed_plugins.ts";
import { OtlpReceiver, type ReceivedPoint, type ReceivedSpan } from "../support/otlp_receiver.ts";
import { denoPluginIn, ON, PLUGINS, PYTHON, type Runtime, servedTo, TemporaryFolder, traced } from "./traced_hosts.ts";

const BOTH: readonly Runtime[] = ["python", "deno"];

/** The spans of this name, in the order of their calls. */
function named(spans: readonly ReceivedSpan[], service: string, name: string): ReceivedSpan[] {
  return spans.filter((span) => span.service === service && span.name === name);
}

function only(spans: readonly ReceivedSpan[], service: string, name: string): ReceivedSpan {
  const found = named(spans, service, name);
  assertEquals(found.length, 1, `${service} has sent ${found.length} spans "${name}"`);
  return found[0]!;
}

/** The span below another with which the trace goes on: those of `fetch` lead nowhere. */
function nextBelow(spans: readonly ReceivedSpan[], { id }: ReceivedSpan): ReceivedSpan | undefined {
  const leadsOn = (span: ReceivedSpan) => span.scope !== "deno" || spans.some(({ parent }) => parent === span.id);
  return spans.find((span) => span.parent === id && span.name !== "queue" && leadsOn(span));
}

function below(spans: readonly ReceivedSpan[], parent: ReceivedSpan): string[] {
  return spans.filter((span) => span.parent === parent.id && span.scope !== "deno").map(({ service, name }) => `${service}: ${name}`)
    .sort();
}

function point(points: readonly ReceivedPoint[], name: string, wanted: Record<string, unknown>): ReceivedPoint {
  const found = points.filter((point) =>
    point.name === name && Object.entries(wanted).every(([key, value]) => point.attributes[key] === value)
  );
  assertEquals(found.length, 1, `there are ${found.length} points of "${name}" with ${JSON.stringify(wanted)}`);
  return found[0]!;
}

for (const runtime of BOTH) {
  const ignore = runtime === "python" && PYTHON === "";

  Deno.test({
    name: `${runtime}: one trace goes from the host's span through the call to the plugin's own spans`,
    ignore,
    async fn() {
      const { told, otlp: { spans } } = await traced("makes_traces", [PLUGINS[runtime], [{}, { stream: true, count: 2 }]]);
      assertEquals(told.results, ["ada", [0, 1]]);
      assertEquals([...new Set(spans.filter(({ scope }) => scope !== "deno").map(({ trace }) => trace))], [told.trace]);
      const app = only(spans, "app", "app");
      assertEquals(below(spans, app), ["app: start traced", "app: traced/execute", "app: traced/execute_stream", "app: traced/initialize"]);

      for (
        const [name, own] of [["traced/execute", ["traced: think"]], ["traced/execute_stream", ["traced: step", "traced: step"]]] as const
      ) {
        const [call, run] = [only(spans, "app", name), only(spans, "traced", name)];
        assertEquals([call.kind, run.kind, run.parent], ["client", "server", call.id]);
        assertEquals([below(spans, call), below(spans, run)], [[`traced: ${name}`], own]);
        assertEquals([run.attributes["rpc.system.name"], run.attributes["rpc.method"]], ["remote_plugin", name]);
        assertEquals(run.attributes["remote_plugin.call.id"], call.attributes["remote_plugin.call.id"]);
        assert(call.milliseconds >= run.milliseconds, `${call.milliseconds} ms contain ${run.milliseconds} ms`);
      }
    },
  });

  Deno.test({
    name: `${runtime}: a call's span tells of which worker, of files, waiting and chunks, and of what went wrong`,
    ignore,
    async fn() {
      const calls = [{ stream: true, count: 3 }, { data: 100_000 }, { fail: true }, [{ nap: 0.03 }, { fail: true }]];
      const { told, otlp: { spans } } = await traced("makes_traces", [PLUGINS[runtime], calls]);
      assertEquals(told.results, [[0, 1, 2], 3, "RemoteError", [null, "RemoteError"]]);

      const stream = only(spans, "app", "traced/execute_stream");
      const { "remote_plugin.worker.pid": pid, "server.port": port, ...facts } = stream.attributes;
      assert(typeof pid === "number" && typeof port === "number");
      assertEquals({ ...facts, "remote_plugin.call.id": "" }, {
        "rpc.system.name": "remote_plugin",
        "rpc.method": "traced/execute_stream",
        "remote_plugin.plugin.name": "traced",
        "remote_plugin.plugin.version": "1.2.3",
        "remote_plugin.runtime": runtime,
        "remote_plugin.call.id": "",
        "remote_plugin.stream.chunks": 3,
        "network.transport": "tcp",
        "server.address": "127.0.0.1",
      });
      const start = only(spans, "app", "start traced");
      assertEquals([start.attributes["remote_plugin.worker.pid"], start.attributes["remote_plugin.worker.restart"]], [pid, false]);

      const handOver = only(spans, "app", "hand over files");
      const queue = only(spans, "app", "queue");
      assertEquals(handOver.attributes, { "remote_plugin.file.size": 100_000 });
      assert(queue.milliseconds >= 20, `${queue.milliseconds} ms`);
      const executions = named(spans, "app", "traced/execute");
      assertEquals([handOver, queue].map(({ parent }) => executions.filter(({ id }) => id === parent).length), [1, 1]);

      const type = runtime === "python" ? "ValueError" : "RangeError";
      for (const [service, message] of [["app", `"execute" of "traced" failed with ${type}: no luck`], ["traced", "no luck"]] as const) {
        const failed = named(spans, service, "traced/execute").filter(({ failure }) => failure !== undefined);
        assertEquals(failed.map(({ attributes }) => attributes["error.type"]), [type, type]);
        const [{ failure, events } = { failure: "", events: [] }] = failed;
        assert(failure!.endsWith(message), failure);
        assertEquals([events[0]?.name, events[0]?.attributes["exception.message"]], ["exception", message]);
      }
      assertEquals(executions.filter(({ failure }) => failure === undefined).length, 2);
    },
  });

  Deno.test({
    name: `${runtime}: calls that run together have a span each, and what the plugin traces of them is below one`,
    ignore,
    async fn() {
      const plugin = { ...PLUGINS[runtime], batch: { max_size: 3, max_wait_ms: 10_000 } };
      const { told, otlp: { spans } } = await traced("makes_traces", [plugin, [[{}, { fail: true }, {}]]]);
      assertEquals(told.results, [[3, "RemoteError", 3]]);
      const runs = named(spans, "traced", "traced/execute");
      const calls = named(spans, "app", "traced/execute");
      assertEquals(runs.map(({ parent }) => calls.filter(({ id }) => id === parent).length), [1, 1, 1]);
      assertEquals(runs.flatMap((run) => below(spans, run)), ["traced: think"]);
      const failed = runs.filter(({ failure }) => failure !== undefined);
      assertEquals(failed.map(({ attributes }) => attributes["error.type"]), [runtime === "python" ? "ValueError" : "RangeError"]);
      assertEquals(runs.map(({ attributes }) => attributes["remote_plugin.batch.size"]), [3, 3, 3]);
    },
  });

  Deno.test({
    name: `${runtime}: a function that the plugin calls has a span below the call's, which is active while it runs`,
    ignore,
    async fn() {
      const { told, otlp: { spans } } = await traced("makes_traces", [PLUGINS[runtime], [{ ask: true, word: "yes" }, {
        ask: true,
        word: "no",
      }]]);
      assertEquals(told.results, [null, "RemoteError"]);
      const calls = named(spans, "app", "traced/execute");
      const callbacks = named(spans, "app", "callback lookup");
      assertEquals(callbacks.map(({ kind, parent }) => [kind, parent]), calls.map(({ id }) => ["internal", id]));
      assertEquals(callbacks.map((callback) => below(spans, callback)), [["app: yes"], ["app: no"]]);
      assertEquals(callbacks.map(({ attributes, failure }) => [attributes["error.type"], failure]), [[undefined, undefined], [
        "RangeError",
        "there is none",
      ]]);
    },
  });

  Deno.test({
    name: `${runtime}: a call that its caller aborts or leaves is told as cancelled, and not as failed`,
    ignore,
    async fn() {
      const { told, otlp: { spans, points } } = await traced("makes_traces", [PLUGINS[runtime], [{ abort: true }, {
        leave: true,
        count: 1000,
      }]]);
      assertEquals(told.results, ["Error", 0]);
      for (const name of ["traced/execute", "traced/execute_stream"]) {
        const { failure, attributes } = only(spans, "app", name);
        assertEquals([failure, attributes["error.type"], attributes["remote_plugin.call.cancelled"]], [undefined, undefined, true]);
        assertEquals(named(spans, "traced", name).filter((span) => span.failure !== undefined), []);
        const wanted = { "rpc.method": name, "error.type": undefined, "remote_plugin.call.cancelled": true };
        assertEquals(point(points, "rpc.client.call.duration", wanted).count, 1);
      }
    },
  });

  Deno.test({
    name: `${runtime}: calls, waits, chunks, files, starts and ends are measured`,
    ignore,
    async fn() {
      const calls = [{}, {}, { fail: true }, { data: 1000 }, { stream: true, count: 4 }];
      const { otlp: { points } } = await traced("makes_traces", [PLUGINS[runtime], calls]);
      const execute = { "rpc.system.name": "remote_plugin", "rpc.method": "traced/execute", "remote_plugin.plugin.name": "traced" };
      const type = runtime === "python" ? "ValueError" : "RangeError";
      const done = point(points, "rpc.client.call.duration", { ...execute, "error.type": undefined });
      assertEquals([done.count, done.unit], [3, "s"]);
      assert(done.value > 0 && done.value < 10, `${done.value} s`);
      assertEquals(point(points, "rpc.client.call.duration", { ...execute, "error.type": type }).count, 1);
      assertEquals(point(points, "remote_plugin.call.wait_time", execute).count, 4);
      assertEquals(point(points, "remote_plugin.call.active", execute).value, 0);
      assertEquals(point(points, "remote_plugin.stream.chunks", { "rpc.method": "traced/execute_stream" }).value, 4);
      const files = (direction: string) =>
        point(points, "remote_plugin.file.io", { ...execute, "remote_plugin.file.direction": direction }).value;
      assertEquals([files("to_plugin"), files("from_plugin")], [1000, 3]);
      const start = point(points, "remote_plugin.worker.start.duration", { "remote_plugin.worker.restart": false });
      assertEquals([start.count, start.attributes["error.type"]], [1, undefined]);
      assertEquals(point(points, "remote_plugin.worker.exits", { "remote_plugin.worker.exit": "0" }).value, 1);
    },
  });

  Deno.test({
    name: `${runtime}: a blocking call is part of the trace of the thread that waits`,
    ignore,
    async fn() {
      const { told, otlp: { spans } } = await traced("makes_traces_sync", [PLUGINS[runtime], []]);
      const app = only(spans, "app", "app");
      assertEquals(below(spans, app), ["app: start traced", "app: traced/execute", "app: traced/execute_stream"]);
      assertEquals(below(spans, only(spans, "traced", "traced/execute_stream")), ["traced: step", "traced: step"]);
      assertEquals(told.results, [0, 1]);
    },
  });

  Deno.test({
    name: `${runtime}: a trace goes on in a worker that runs elsewhere, and tells where that is`,
    ignore,
    async fn() {
      const { told: { trace, results: [node, job] }, otlp: { spans } } = await traced("makes_traces_elsewhere", [PLUGINS[runtime], []]);
      const app = only(spans, "app", "app");
      assertEquals(below(spans, app), ["app: start traced", "app: start traced", "app: traced/execute", "app: traced/execute"]);
      assertEquals(new Set(named(spans, "traced", "traced/execute").map((span) => span.trace)), new Set([trace]));
      const start = named(spans, "app", "start traced").find(({ attributes }) => attributes["remote_plugin.worker.job"] === job);
      assertEquals([start?.attributes["network.transport"], start?.attributes["server.address"]], ["tcp", node]);
    },
  });
}

Deno.test({
  name: "a worker that takes another's place has a trace of its own, with the configuration that it is given",
  ignore: PYTHON === "",
  async fn() {
    const manifest = { ...PLUGINS.python, restart: "on_failure" };
    await using folder = await TemporaryFolder.create();
    const [die, dieAgain] = ["first", "second"].map((name) => join(folder.path, name));
    const calls = [{ die }, {}, { die: dieAgain, idempotent: true }];
    const { told, otlp: { spans, points } } = await traced("makes_traces", [manifest, calls]);
    assertEquals(told.results, ["WorkerExitError", "ada", "ada"]);
    const starts = named(spans, "app", "start traced");
    const again = starts.find(({ attributes }) => attributes["remote_plugin.worker.restart"] === true)!;
    assertEquals([starts.length, again.parent, again.trace === told.trace], [3, "", false]);
    assertEquals(below(spans, again), ["app: traced/initialize"]);
    const lost = named(spans, "app", "traced/execute").find(({ failure }) => failure !== undefined);
    assertEquals(lost?.attributes["error.type"], "WorkerExitError");
    const sentAgain = named(spans, "app", "traced/execute").filter(({ events }) => events.some(({ name }) => name === "sent again"));
    assertEquals(sentAgain.map(({ failure, trace }) => [failure, trace]), [[undefined, told.trace]]);
    const exits = points.filter(({ name }) => name === "remote_plugin.worker.exits");
    assertEquals(exits.map(({ attributes, value }) => [attributes["remote_plugin.worker.exit"], value]).sort(), [["0", 1], ["SIGKILL", 1], [
      "SIGKILL",
      1,
    ]]);
  },
});

Deno.test("a Deno worker that is killed with the programs that its plugin may have started has sent its spans before", async () => {
  const manifest = { ...PLUGINS.deno, permissions: { run: [Deno.execPath()] } };
  const { otlp: { spans } } = await traced("makes_traces", [manifest, [{}]]);
  assertEquals(below(spans, only(spans, "traced", "traced/execute")), ["traced: think"]);
});

Deno.test("a trace goes on through a server of plugins", async () => {
  await using folder = await TemporaryFolder.create();
  await Deno.writeTextFile(join(folder.path, "plugin.json"), JSON.stringify(await denoPluginIn(folder.path)));
  await using otlp = new OtlpReceiver();
  const told = await servedTo(otlp, folder.path);
  assertEquals(told.results, ["ada"]);
  const app = only(otlp.spans, "app", "app");
  const call = otlp.spans.find(({ name, parent }) => name === "traced/execute" && parent === app.id)!;
  const chain = [call];
  for (let next = nextBelow(otlp.spans, call); next !== undefined; next = nextBelow(otlp.spans, next)) chain.push(next);
  assertEquals(chain.map(({ service, name }) => `${service}: ${name}`), [
    "app: traced/execute",
    "gateway: POST",
    "gateway: traced/execute",
    "traced: traced/execute",
    "traced: think",
  ]);
});

Deno.test({
  name: "a Python plugin gets the trace of a client of a gateway, whose program has no OpenTelemetry",
  ignore: PYTHON === "",
  async fn() {
    await using watch = await ManagerWatch.create({ manifests: [PLUGINS.python] });
    const gateway = createGateway(watch.manager, { token: "let-me-in" });
    const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    const body = JSON.stringify({ kwargs: { tell: true } });
    const traceparent = `00-${trace}-00f067aa0ba902b7-01`;
    const headers = { authorization: "Bearer let-me-in", "content-length": `${body.length}`, traceparent };
    const answer = await gateway(new Request("http://localhost/traced/execute", { method: "POST", headers, body }));
    assertEquals([answer.status, await answer.json()], [200, trace]);
  },
});

Deno.test({
  name: "a worker learns where its spans go, and no secret that it would need to send them there",
  ignore: PYTHON === "",
  async fn() {
    const secret = {
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=secret",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://ada:secret@localhost:1/",
    };
    const { told } = await traced("makes_traces", [PLUGINS.python, [{ show: true }]], { ...ON, ...secret });
    assertEquals(told.results, [["OTEL_BSP_SCHEDULE_DELAY", "OTEL_DENO", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SERVICE_NAME"]]);
  },
});

Deno.test({
  name: "a plugin whose manifest says so sends nothing itself, and its calls are traced all the same",
  ignore: PYTHON === "",
  async fn() {
    const manifest = { ...PLUGINS.python, env_vars: { OTEL_TRACES_EXPORTER: "none" } };
    const { otlp: { spans } } = await traced("makes_traces", [manifest, [{}]]);
    assertEquals([named(spans, "app", "traced/execute").length, named(spans, "traced", "traced/execute").length], [1, 0]);
  },
});

for (const runtime of BOTH) {
  Deno.test({
    name: `${runtime}: nothing is sent, and no variable handed on, while OpenTelemetry is off`,
    ignore: runtime === "python" && PYTHON === "",
    async fn() {
      const call = runtime === "python" ? { show: true } : { stream: true, count: 1 };
      const { told, otlp } = await traced("makes_traces", [PLUGINS[runtime], [call]], { OTEL_SERVICE_NAME: "app" });
      assertEquals([told.results, otlp.requests], [[runtime === "python" ? [] : [0]], []]);
    },
  });
}
