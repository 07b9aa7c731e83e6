/**
 * What the process uses of the machine.
 *
 * @module
 */
import type { Usage } from "./session.ts";

/** Measures this process. Processor time is counted from one call to the next, the first counts from the start. */
export function usageMeter(): () => Promise<Usage> {
  let last = { cpuMs: 0, at: 0 };
  return async () => {
    // Loaded when it is first asked for: a start need not wait for it.
    const { cpuUsage } = await import("node:process");
    const { user, system } = cpuUsage();
    const now = { cpuMs: (user + system) / 1000, at: performance.now() };
    const cpu_percent = 100 * (now.cpuMs - last.cpuMs) / Math.max(now.at - last.at, 1);
    last = now;
    return { cpu_percent, memory_rss_mb: Deno.memoryUsage().rss / 2 ** 20 };
  };
}
