/** `serve`: the plugins over HTTP. @module */
import type { Context } from "../context.ts";
import type { BoundsLevel } from "../../permissions/worker_grant.ts";
import { UsageError } from "../exit.ts";
import { problemText } from "../context.ts";
import { createGateway } from "../../gateway/gateway.ts";
import { LogFeed } from "../../gateway/log_feed.ts";
import { refusal } from "../../gateway/refusal.ts";
import { openAccessLog } from "../serving/access_log_file.ts";
import { announcement } from "../serving/announcement.ts";
import { readKeeping, readNumber } from "../serving/keeping.ts";
import { writeServerFile } from "../serving/server_file.ts";
import { chosenToken, newToken, tokenFromFile, type TokenOptions } from "../serving/token.ts";
import { red, yellow } from "../output/painted.ts";

/** The options of `serve`. */
export interface ServeOptions extends TokenOptions {
  readonly host: string;
  readonly port: string;
  readonly cert?: string;
  readonly key?: string;
  readonly replicas: string;
  readonly idle?: string;
  readonly logs?: boolean;
  readonly accessLog?: string;
  readonly metricsTokenFile?: string;
  readonly bounds?: BoundsLevel;
}

/** Serves the plugins until Ctrl-C. */
export async function serve(context: Context, options: ServeOptions): Promise<void> {
  const { terminal, signal } = context;
  const logs = new LogFeed();
  const write = context.logWriter(options.logs ?? false);
  const onLog: typeof write = (record, plugin) => [write, logs.add].forEach((take) => take(record, plugin));
  const managed = { ...readKeeping(options), onLog, bounds: options.bounds, watch: true, healthIntervalMs: 10_000 };
  const { manager } = await context.openManager(undefined, managed);
  await using cleanup = new AsyncDisposableStack();
  const observers = options.accessLog === undefined ? [] : [cleanup.use(await openAccessLog(options.accessLog, terminal)).observer];
  cleanup.use(manager);
  const token = await chosenToken(options) ?? newToken();
  const metricsToken = options.metricsTokenFile === undefined ? undefined : (await tokenFromFile(options.metricsTokenFile)).value;
  const operatorToken = newToken().value;
  const tls = await readTls(options);
  const server = Deno.serve(
    {
      hostname: options.host,
      port: readNumber("port", options.port, 0),
      onListen: () => {},
      onError: (error) => tellCrash(context, error),
      ...tls,
    },
    createGateway(manager, { token: token.value, operatorToken, metricsToken, hosts: [options.host], observers, logs }),
  );
  cleanup.defer(() => server.shutdown());
  const url = `${"cert" in tls ? "https" : "http"}://${options.host}:${(server.addr as Deno.NetAddr).port}`;
  cleanup.use(await writeServerFile(context.stateDir, { url, token: token.value, operatorToken, pid: Deno.pid }));
  if (terminal.json) terminal.result({ url, token: token.value, operatorToken });
  for (const line of announcement({ url, token, names: manager.list().map(({ name }) => name) })) terminal.line(line);
  if (!("cert" in tls) && !isLocal(options.host)) terminal.note(yellow(UNENCRYPTED));
  for (const problem of manager.problems) terminal.note(yellow(problemText(problem)));
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  // Open calls end with their workers; only then can the server come to its end.
  await manager[Symbol.asyncDispose]();
}

const UNENCRYPTED = "Token and data cross the network unencrypted. Give --cert and --key, or stay behind a proxy that does";

function isLocal(host: string): boolean {
  return /^(127\.|localhost$|::1$)/.test(host);
}

/** The runtime itself would write it to a terminal as it is. */
function tellCrash({ terminal }: Context, error: unknown): Response {
  terminal.note(red("error: "), error instanceof Error ? error.stack ?? error.message : String(error));
  return refusal(500, "The server failed");
}

async function readTls({ cert, key }: ServeOptions): Promise<{ cert: string; key: string } | Record<never, never>> {
  if (cert === undefined && key === undefined) return {};
  if (cert === undefined || key === undefined) throw new UsageError("--cert and --key go together");
  return { cert: await Deno.readTextFile(cert), key: await Deno.readTextFile(key) };
}
