/** `stats`: what the plugins of a running `serve` use. @module */
import { pause } from "../../protocol/timer.ts";
import type { ManagerStats, PluginStats, WorkerStats } from "../../manager/info.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../exit.ts";
import { counted } from "../output/counted.ts";
import { chosenToken, TOKEN_VARIABLE, type TokenOptions } from "../serving/token.ts";
import { readServerFile, type ServerFile } from "../serving/server_file.ts";

/** The options of `stats`. */
export interface StatsOptions extends TokenOptions {
  readonly url?: string;
  readonly watch?: boolean;
}

const INTERVAL_MS = 1_000;

/** Shows the figures once, or as a table that is renewed each second until Ctrl-C. */
export async function stats(context: Context, options: StatsOptions): Promise<void> {
  const { terminal, signal } = context;
  const server = await findServer(context, options);
  do {
    const figures = await ask(server, signal);
    if (options.watch) terminal.clearScreen();
    if (terminal.json) terminal.result(figures);
    else show(context, figures);
    if (options.watch) await pause(INTERVAL_MS, signal).catch(() => {});
  } while (options.watch && !signal.aborted);
  signal.throwIfAborted();
}

async function findServer({ stateDir }: Context, { url, ...options }: StatsOptions): Promise<Pick<ServerFile, "url" | "token">> {
  if (url !== undefined) return { url, token: await elsewhereToken(options) };
  const running = await readServerFile(stateDir);
  // Where workers run is told to operators alone.
  if (running !== undefined) return { url: running.url, token: running.operatorToken };
  throw new UsageError(
    `Nothing is served from "${stateDir}". Start "remote-plugin serve", or give --url and --token-file of a server elsewhere`,
  );
}

async function elsewhereToken(options: TokenOptions): Promise<string> {
  const token = await chosenToken(options);
  if (token !== undefined) return token.value;
  throw new UsageError(`--url needs the server's token. Give --token-file or the variable ${TOKEN_VARIABLE}`);
}

async function ask({ url, token }: Pick<ServerFile, "url" | "token">, signal: AbortSignal): Promise<ManagerStats> {
  let response: Response;
  try {
    response = await fetch(`${url.replace(/\/$/, "")}/stats`, { headers: { authorization: `Bearer ${token}` }, signal });
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw new UsageError(`Nothing answers at ${url}. Start "remote-plugin serve" again`, { cause });
  }
  if (response.ok) return await response.json();
  throw new UsageError(`${url} answered ${response.status}: ${(await response.text()).slice(0, 200)}`);
}

function show({ terminal }: Context, { plugins, total }: ManagerStats): void {
  const headings = ["NAME", "STATE", "WORKERS", "CPU %", "MEMORY MiB", "GPU MiB", "CALLS", "OPEN", "FAILED", "P50 ms", "P95 ms"];
  terminal.table({ headings, rows: plugins.map(row) });
  const elsewhere = plugins.flatMap(({ name, workers }) =>
    workers.flatMap((worker) => worker.placement === undefined ? [] : [placementRow(name, worker)])
  );
  if (elsewhere.length > 0) terminal.table({ headings: ["NAME", "NODE", "JOB", "CPU %", "MEMORY MiB", "CALLS"], rows: elsewhere });
  for (const { name, queued } of plugins) {
    for (const { reason, sinceMs } of queued) {
      terminal.line(`"${name}" has waited ${(sinceMs / 1_000).toFixed(0)} s to be placed: ${reason}`);
    }
  }
  terminal.line(`${counted(total.workers, "worker")}, ${total.cpuPercent.toFixed(0)} % CPU, ${total.memoryMb.toFixed(0)} MiB`);
}

function placementRow(name: string, { placement, cpuPercent, memoryMb, running }: WorkerStats): string[] {
  return [name, placement!.node, placement!.job, cpuPercent.toFixed(0), memoryMb.toFixed(0), String(running)];
}

function row({ name, state, workers, calls }: PluginStats): string[] {
  const sum = (figure: "cpuPercent" | "memoryMb" | "gpuMemoryMb") => workers.reduce((total, worker) => total + (worker[figure] ?? 0), 0);
  const hasGpu = workers.some(({ gpuMemoryMb }) => gpuMemoryMb !== undefined);
  const counts = [calls.succeeded + calls.failed + calls.cancelled, calls.open, calls.failed].map(String);
  const latency = [calls.latencyMs?.p50, calls.latencyMs?.p95].map((ms) => ms?.toFixed(1) ?? "-");
  const use = [sum("cpuPercent").toFixed(0), sum("memoryMb").toFixed(0), hasGpu ? sum("gpuMemoryMb").toFixed(0) : "-"];
  return [name, state.kind, String(workers.length), ...use, ...counts, ...latency];
}
