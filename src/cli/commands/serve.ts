/** `serve`: the plugins over HTTP. @module */
import type { Context } from "../context.ts";
import type { BoundsLevel } from "../../permissions/worker_grant.ts";
import { UsageError } from "../exit.ts";
import { problemText } from "../context.ts";
import { createGateway } from "../../gateway/gateway.ts";
import { LogFeed } from "../../gateway/observing/log_feed.ts";
import type { GatewayOptions } from "../../gateway/options.ts";
import { refusal } from "../../gateway/reply/refusal.ts";
import { SlowClientError } from "../../gateway/reply/reply.ts";
import { within } from "../../protocol/limit.ts";
import { withoutAbortWarning } from "../serving/abort_warning.ts";
import { openAccessLog } from "../serving/access_log_file.ts";
import type { PluginManager } from "../../manager/plugin_manager.ts";
import { toldSignatures } from "../../plugin/told_signatures.ts";
import { tellReloads } from "../serving/reloads.ts";
import { announcement, type Served, shellLines } from "../serving/announcement.ts";
import { type RayCommandOptions, rayLaunchers } from "../serving/ray_options.ts";
import { readKeeping, readNumber } from "../serving/keeping.ts";
import { CrowdedServer } from "../serving/server.ts";
import { writeServerFile } from "../serving/server_file.ts";
import { chosenToken, newToken, OPERATOR_TOKEN_VARIABLE, type Token, tokenFromFile, type TokenOptions } from "../serving/token.ts";
import { red, yellow } from "../output/painted.ts";

/** The options of `serve`. */
export interface ServeOptions extends TokenOptions, RayCommandOptions {
  readonly host: string;
  readonly port: string;
  readonly cert?: string;
  readonly key?: string;
  readonly replicas: string;
  readonly idle?: string;
  readonly logs?: boolean;
  readonly accessLog?: string;
  readonly operatorTokenFile?: string;
  readonly metricsTokenFile?: string;
  readonly allowHost?: readonly string[];
  readonly allowOrigin?: readonly string[];
  readonly tracebacks?: boolean;
  readonly callLogs?: boolean;
  readonly callbacks?: boolean;
  readonly checkArguments?: boolean;
  readonly drain: string;
  readonly bounds?: BoundsLevel;
  readonly watch?: boolean;
}

/** Serves the plugins until Ctrl-C, and then what is open. */
export async function serve(context: Context, options: ServeOptions): Promise<void> {
  const { terminal, signal } = context;
  const logs = new LogFeed();
  const write = context.logWriter(options.logs ?? false);
  const onLog: typeof write = (record, plugin) => [write, logs.add].forEach((take) => take(record, plugin));
  const drainMs = 1_000 * readNumber("drain", options.drain, 0);
  const managed = {
    ...readKeeping(options),
    ...await rayLaunchers(options),
    onLog,
    bounds: options.bounds,
    watch: options.watch ?? "manifests",
    healthIntervalMs: 10_000,
  } as const;
  const { manager } = await context.openManager(undefined, managed);
  await using cleanup = new AsyncDisposableStack();
  cleanup.use(withoutAbortWarning());
  const observers = options.accessLog === undefined ? [] : [cleanup.use(await openAccessLog(options.accessLog, terminal)).observer];
  cleanup.use(manager);
  if (options.watch) void tellReloads(manager, terminal);
  const tokens = await readTokens(options);
  const { host: hostname, allowHost = [], allowOrigin: origins, tracebacks: exposeTracebacks, callLogs } = options;
  const { callbacks, checkArguments } = options;
  const hosts = [hostname, ...allowHost];
  const access = { ...valuesOf(tokens), hosts, origins, exposeTracebacks, callLogs, callbacks, checkArguments };
  const tls = await readTls(options);
  const server = await CrowdedServer.start(createGateway(manager, { ...access, observers, logs, draining: signal }), {
    hostname,
    port: readNumber("port", options.port, 0),
    tls,
    onError: (error) => tellCrash(context, error),
    onCrowded: (connections) =>
      terminal.note(yellow(`More than ${connections} connections were open. Those without a request were closed`)),
  });
  cleanup.use(server);
  const url = `${"cert" in tls ? "https" : "http"}://${hostname}:${server.port}`;
  const told = { url, token: tokens.token.value, operatorToken: tokens.operatorToken.value };
  cleanup.use(await writeServerFile(context.stateDir, { ...told, pid: Deno.pid }));
  if (terminal.json) terminal.result(told);
  const served = { url, token: tokens.token, names: [...new Set(manager.list().map(({ name }) => name))] };
  for (const line of announcement(served)) terminal.line(line);
  if (!("cert" in tls) && !isLocal(hostname)) terminal.note(yellow(UNENCRYPTED));
  for (const problem of manager.problems) terminal.note(yellow(problemText(problem)));
  if (!terminal.json) void tellShell(context, manager, served);
  await untilAborted(signal);
  await drained(server, { terminal, drainMs });
  // Open calls end with their workers; only then can the server come to its end.
  await manager[Symbol.asyncDispose]();
}

/** The lines are made of what the first plugin takes that can be started, and it has to be started for that. */
async function tellShell({ terminal, signal }: Context, manager: PluginManager, served: Served): Promise<void> {
  for (const name of served.names) {
    const told = await toldSignatures(manager.get(name), signal).then((signatures) => ({ signatures }), () => undefined);
    if (signal.aborted) return;
    if (told === undefined) continue;
    return shellLines(name, { ...served, ...told }).forEach((line) => terminal.line(line));
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** It is only worth telling when it takes longer than this, in milliseconds. */
const TELLING_MS = 500;

/** Waits for the calls that are open, as long as they may take. */
async function drained(server: CrowdedServer, { terminal, drainMs }: Pick<Context, "terminal"> & { drainMs: number }): Promise<void> {
  const shutdown = server.shutdown();
  const isDone = await within(shutdown.then(() => true), Math.min(TELLING_MS, drainMs));
  if (isDone || drainMs <= TELLING_MS) return;
  terminal.note(`Waiting for open calls, ${drainMs / 1_000} seconds at most. Ctrl-C ends them`);
  await within(shutdown, drainMs - TELLING_MS);
}

interface Tokens {
  readonly token: Token;
  readonly operatorToken: Token;
  readonly metricsToken: Token | undefined;
}

async function readTokens({ operatorTokenFile, metricsTokenFile, ...options }: ServeOptions): Promise<Tokens> {
  const token = await chosenToken(options) ?? newToken();
  const operatorToken = await chosenToken({ tokenFile: operatorTokenFile }, OPERATOR_TOKEN_VARIABLE) ?? newToken();
  const metricsToken = metricsTokenFile === undefined ? undefined : await tokenFromFile(metricsTokenFile);
  return { token, operatorToken, metricsToken };
}

function valuesOf({ token, operatorToken, metricsToken }: Tokens): Pick<GatewayOptions, keyof Tokens> {
  return { token: token.value, operatorToken: operatorToken.value, metricsToken: metricsToken?.value };
}

const UNENCRYPTED = "Token and data cross the network unencrypted. Give --cert and --key, or stay behind a proxy that does";

function isLocal(host: string): boolean {
  return /^(127\.|localhost$|::1$)/.test(host);
}

/** The runtime itself would write it to a terminal as it is. */
function tellCrash({ terminal }: Context, error: unknown): Response {
  // That a client does not read is its own fault, and no news.
  if (!(error instanceof SlowClientError)) {
    terminal.note(red("error: "), error instanceof Error ? error.stack ?? error.message : String(error));
  }
  return refusal(500, "The server failed");
}

async function readTls({ cert, key }: ServeOptions): Promise<{ cert: string; key: string } | Record<never, never>> {
  if (cert === undefined && key === undefined) return {};
  if (cert === undefined || key === undefined) throw new UsageError("--cert and --key go together");
  return { cert: await Deno.readTextFile(cert), key: await Deno.readTextFile(key) };
}
