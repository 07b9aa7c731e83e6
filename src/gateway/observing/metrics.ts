/**
 * What Prometheus is told: calls as they end, and what the manager knows at the moment at which it asks.
 *
 * @module
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { isMethodEndpoint } from "../../protocol/endpoints.ts";
import type { PluginManager } from "../../manager/plugin_manager.ts";
import { ManagerMetrics } from "./manager_metrics.ts";
import type { CallObserver, CallOutcome, ObservedCall } from "./observer.ts";
import { ProcessMetrics } from "./process_metrics.ts";

/** From a small call over a fast line to a long transcription, in seconds. */
const DURATIONS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** The `outcome` of a call that ended well. That of any other is its error's code. */
const OK = "ok";

type PluginLabel = "plugin" | "version";
type CallLabel = PluginLabel | "endpoint";

/** The figures of one gateway, in a registry of its own: two gateways of one program do not add up. */
export class GatewayMetrics implements CallObserver {
  readonly #registry = new Registry();
  readonly #calls: Counter<CallLabel | "outcome">;
  readonly #durations: Histogram<CallLabel>;
  readonly #open: Gauge<CallLabel>;
  readonly #chunks: Counter<PluginLabel>;
  readonly #received: Counter<PluginLabel>;
  readonly #sent: Counter<PluginLabel>;
  readonly #responses: Counter<"status">;
  readonly #manager: ManagerMetrics;

  /** Counts from now on. */
  constructor(manager: PluginManager) {
    const registers = [this.#registry];
    const plugin = ["plugin", "version"] as const;
    const call = [...plugin, "endpoint"] as const;
    const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
      new Counter<Label>({ name: `remote_plugin_${name}`, help, labelNames, registers });
    this.#calls = counter("calls_total", "Calls that have ended, by how: ok, or the code of the error", [...call, "outcome"]);
    this.#durations = new Histogram({
      name: "remote_plugin_call_duration_seconds",
      help: "From the request to the last byte of the response",
      labelNames: call,
      buckets: DURATIONS,
      registers,
    });
    this.#open = new Gauge({ name: "remote_plugin_open_calls", help: "Calls that run or wait", labelNames: call, registers });
    this.#chunks = counter("stream_chunks_total", "Items that streams have given", plugin);
    this.#received = counter("received_bytes_total", "Bytes of the bodies of requests", plugin);
    this.#sent = counter("sent_bytes_total", "Bytes of the bodies of responses", plugin);
    this.#responses = counter("http_responses_total", "All responses, those to refused requests too", ["status"]);
    this.#manager = new ManagerMetrics(manager, registers);
    new ProcessMetrics(registers);
  }

  /** The media type of the text. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** A call has come. */
  opened(call: ObservedCall): void {
    this.#open.inc({ plugin: call.plugin, version: call.version, endpoint: labelOf(call) });
  }

  /** A call has ended. */
  ended(observed: ObservedCall, { code = OK, durationMs, bytesIn, bytesOut, chunks }: CallOutcome): void {
    const plugin = { plugin: observed.plugin, version: observed.version };
    const call = { ...plugin, endpoint: labelOf(observed) };
    this.#open.dec(call);
    this.#calls.inc({ ...call, outcome: code });
    this.#durations.observe(call, durationMs / 1_000);
    this.#chunks.inc(plugin, chunks);
    this.#received.inc(plugin, bytesIn);
    this.#sent.inc(plugin, bytesOut);
  }

  /** A request has had its response, or the beginning of it. */
  answered({ status }: Response): void {
    this.#responses.inc({ status });
  }

  /** All figures, as Prometheus reads them. */
  async text(): Promise<string> {
    await this.#manager.collect();
    return await this.#registry.metrics();
  }
}

/** Clients name methods as they like, and each name would be a series for good: all methods are one. */
function labelOf({ endpoint }: Pick<ObservedCall, "endpoint">): string {
  return isMethodEndpoint(endpoint) ? endpoint.split("/", 1)[0]! : endpoint;
}
