import { assert, assertEquals } from "@std/assert";
import { parser } from "@prometheus-io/lezer-promql";
import { createGateway } from "@remote-plugin/proxy/gateway";
import { ManagerWatch } from "../support/managed_plugins.ts";
import { readSamples, type Sample } from "../support/prometheus_text.ts";

const TOKEN = "let-me-in";

/** What Prometheus itself adds to every figure. */
const ADDED_LABELS = ["instance", "job"];

/** What no machine without a GPU tells. */
const RARE: readonly Sample[] = [{ name: "remote_plugin_worker_gpu_memory_bytes", labels: { plugin: "", version: "" }, value: 0 }];

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

const BOARD = JSON.parse(await Deno.readTextFile(new URL("../../docs/grafana_board.json", import.meta.url)));
const PANELS: readonly Panel[] = BOARD.panels;

/** What a query names. */
interface Named {
  readonly metrics: readonly string[];
  readonly labels: readonly string[];
}

/** Reads a query as Prometheus does, once Grafana has filled it in. */
function read(query: string): Named {
  const filled = query.replaceAll("$__rate_interval", "5m").replaceAll("$plugin", "a|b");
  const [metrics, labels]: [string[], string[]] = [[], []];
  parser.parse(filled).iterate({
    enter({ name, type, from, to }) {
      assert(!type.isError, `"${filled}" is no query: it is wrong at character ${from}`);
      if (name === "Identifier") metrics.push(filled.slice(from, to));
      if (name === "LabelName") labels.push(filled.slice(from, to));
    },
  });
  return { metrics, labels };
}

/** The metrics of a gateway that has had calls that ended well and badly, and a worker that ended. */
async function samples(): Promise<Sample[]> {
  await using watch = await ManagerWatch.of("reports");
  const gateway = createGateway(watch.manager, { token: TOKEN });
  const ask = async (path: string, body?: string) => {
    const headers = { authorization: `Bearer ${TOKEN}`, ...body === undefined ? {} : { "content-length": `${body.length}` } };
    return await (await gateway(new Request(`http://localhost${path}`, { method: body === undefined ? "GET" : "POST", headers, body })))
      .text();
  };
  await ask("/reports/execute_stream", '{"kwargs": {"steps": [[1, "a"]]}}');
  await watch.manager.unload("reports");
  await watch.told("stopped");
  return [...readSamples(await ask("/metrics")), ...RARE];
}

Deno.test("each query of the Grafana board is one that Prometheus reads, of metrics and labels that the gateway tells", async () => {
  const known = await samples();
  for (const { title, targets } of PANELS) {
    assert(targets.length > 0, title);
    for (const { metrics, labels } of targets.map(({ expr }) => read(expr))) {
      const named = metrics.map((metric) => known.filter(({ name }) => name === metric));
      assertEquals(metrics.filter((_, index) => named[index]!.length === 0), [], `"${title}" asks for metrics that there are not`);
      const there = new Set([...named.flat().flatMap((sample) => Object.keys(sample.labels)), ...ADDED_LABELS]);
      assertEquals(labels.filter((label) => !there.has(label)), [], `"${title}" asks for labels that there are not`);
    }
  }
});

Deno.test("the Grafana board shows every metric of the gateway", async () => {
  const shown = new Set(PANELS.flatMap(({ targets }) => targets.flatMap(({ expr }) => read(expr).metrics)));
  const family = (name: string) => name.replace(/_(bucket|sum|count)$/, "");
  const families = new Set([...shown].map(family));
  const missing = new Set((await samples()).map(({ name }) => family(name)).filter((name) => !families.has(name)));
  // For queries on restarts of the gateway, of which a board has no need.
  assertEquals([...missing], ["process_start_time_seconds"]);
});

Deno.test("the Grafana board has panels that do not overlap, and asks the data source that its reader has chosen", () => {
  const places = BOARD.panels.map(({ gridPos: { x, y } }: { gridPos: { x: number; y: number } }) => `${x} ${y}`);
  assertEquals(new Set(places).size, PANELS.length);
  const sources = new Set([...JSON.stringify(BOARD).matchAll(/"uid":"([^"]*)"/g)].map(([, uid]) => uid));
  assertEquals([...sources].sort(), ["${datasource}", "remote-plugins"]);
});
