/**
 * What Prometheus is told of the gateway's own process, under the names that all its clients have for that.
 *
 * @module
 */
import { Gauge, type Registry } from "prom-client";
import { openFiles } from "../../process/open_files.ts";
import { PACKAGE_VERSION } from "../../protocol/version.ts";

/** Figures that take no permission. Those that prom-client collects by default are read from `/proc`, which takes all. */
export class ProcessMetrics {
  /** Adds them to registries. */
  constructor(registers: Registry[]) {
    new Gauge({
      name: "process_resident_memory_bytes",
      help: "Resident memory of the gateway's process",
      registers,
      collect() {
        this.set(Deno.memoryUsage().rss);
      },
    });
    new Gauge({
      name: "process_open_fds",
      help: "About how many files and connections the gateway's process has open",
      registers,
      collect() {
        const files = openFiles();
        if (files !== undefined) this.set(files);
      },
    });
    new Gauge({ name: "process_start_time_seconds", help: "When the gateway's process began, in seconds since 1970", registers })
      .set(performance.timeOrigin / 1_000);
    new Gauge({ name: "remote_plugin_info", help: "Always 1", labelNames: ["version", "deno"], registers })
      .set({ version: PACKAGE_VERSION, deno: Deno.version.deno }, 1);
  }
}
