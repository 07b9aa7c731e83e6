/**
 * What the process uses of the machine.
 *
 * @module
 */
import type { Usage } from "./session.ts";

/** Measures this process. Processor time is counted from one call to the next, the first counts from the start. */
export function usageMeter(): () => Promise<Usage> {
  let last = { cpuMs: 0, at: 0 };
  return () => {
    // Not by an import, which the plugin's import map could lead to its own code. The runtime loads it now, so that a start need not wait for it.
    const { user, system } = globalThis.process.cpuUsage();
    const now = { cpuMs: (user + system) / 1000, at: performance.now() };
    const cpu_percent = 100 * (now.cpuMs - last.cpuMs) / Math.max(now.at - last.at, 1);
    last = now;
    return Promise.resolve({ cpu_percent, memory_rss_mb: Deno.memoryUsage().rss / 2 ** 20 });
  };
}
