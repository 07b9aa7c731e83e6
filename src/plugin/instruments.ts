/**
 * What is measured of calls and workers, by the names that `docs/tracing.md` has.
 *
 * @module
 */
import type { Counter, Histogram, Meter } from "../protocol/telemetry.ts";

/** From a millisecond, which a call takes at least, to what a model takes. */
const CALL_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 300];
const START_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** The instruments of one plugin; those of the same name are one for whoever collects. */
export class Instruments {
  /** How long calls take, and by that how many there were and how they ended. */
  readonly durations: Histogram;
  /** How many calls are open. */
  readonly active: Counter;
  /** How long calls wait for their turn. */
  readonly waits: Histogram;
  /** How long workers take to start, and by that how many did. */
  readonly starts: Histogram;
  /** Workers that have ended. */
  readonly exits: Counter;
  /** Chunks that streams gave. */
  readonly chunks: Counter;
  /** Bytes that passed as files. */
  readonly files: Counter;

  /** Makes them. */
  constructor(meter: Meter) {
    const seconds = (name: string, description: string, explicitBucketBoundaries: number[]) =>
      meter.createHistogram(name, { description, unit: "s", advice: { explicitBucketBoundaries } });
    this.durations = seconds("rpc.client.call.duration", "How long calls of plugins take", CALL_SECONDS);
    this.waits = seconds("remote_plugin.call.wait_time", "How long calls wait for their turn", CALL_SECONDS);
    this.starts = seconds("remote_plugin.worker.start.duration", "How long workers take to start", START_SECONDS);
    this.active = meter.createUpDownCounter("remote_plugin.call.active", { description: "Calls that are open", unit: "{call}" });
    this.exits = meter.createCounter("remote_plugin.worker.exits", { description: "Workers that have ended", unit: "{worker}" });
    this.chunks = meter.createCounter("remote_plugin.stream.chunks", { description: "Chunks that streams gave", unit: "{chunk}" });
    this.files = meter.createCounter("remote_plugin.file.io", { description: "Bytes that passed as files", unit: "By" });
  }
}
