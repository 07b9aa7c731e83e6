/**
 * How to talk to a worker: by frames, or, with a worker of the original, by its plain bodies.
 *
 * @module
 */
import type { PluginSpec } from "../manifest/manifest.ts";
import { howToInstall, missingAdvice } from "./import_advice.ts";
import { dial } from "../process/dial.ts";
import type { LaunchedWorker } from "../process/launcher.ts";
import { isUnix, parseAddress } from "../protocol/address.ts";
import type { Exchange } from "../protocol/exchange.ts";
import { isRecord } from "../protocol/json.ts";
import { FRAMES_MEDIA_TYPE } from "../protocol/messages.ts";
import { UPGRADE_FEATURE } from "../protocol/upgrade.ts";
import { BrokenReplyError, MalformedReplyError } from "../transport/errors.ts";
import { type HttpEndpoint, HttpTransport } from "../transport/http.ts";
import { OriginalDialect, type OriginalOptions, type Send } from "../transport/original/dialect.ts";
import { DialledHttp } from "../transport/original/dialled_http.ts";
import { type SendAhead, sendBy, type SendRequest } from "../transport/frame_source.ts";
import type { HeldBack } from "../transport/upgrade.ts";
import { UpgradedTransport } from "../transport/upgraded.ts";

/** An exchange, and what has to be let go of with it. */
export interface Dialect extends Disposable {
  /** Answers requests by frames. */
  readonly exchange: Exchange;
  /** Sends a request on a connection of its own, where there is a shorter way than by the exchange. */
  readonly sendAlone?: SendRequest;
  /** Sends requests on one connection, for a worker that takes them ahead. */
  readonly sendAhead?: SendAhead;
}

/** The shortest way to send a request on a connection of its own. */
export function sendOf({ sendAlone, exchange }: Dialect): SendRequest {
  return sendAlone ?? sendBy(exchange);
}

/** What the way depends on besides the worker. */
export interface DialectOptions {
  /** Whether connections are upgraded to bare frames where the worker does that. */
  readonly upgrade: boolean;
  /** Tells what the worker had still to send when it ended. */
  readonly heldBack: HeldBack;
}

/** The way to talk to a worker that said hello. One that programs of this machine cannot reach by an address is reached by connections alone. */
export function dialectOf(worker: LaunchedWorker, { upgrade, heldBack }: DialectOptions): Dialect {
  const { endpoint, token, spec, hello: { features } } = worker;
  const dial = () => worker.dial();
  if (!features.includes("original")) {
    if (endpoint !== undefined && (!upgrade || !features.includes(UPGRADE_FEATURE))) return new HttpTransport(endpoint);
    return new UpgradedTransport({ dial, token, heldBack: features.includes("farewell") ? heldBack : undefined });
  }
  const { maxConcurrency } = spec;
  const http = endpoint === undefined ? new DialledHttp(dial) : plainHttp(endpoint);
  return original(http, { maxConcurrency, jobErrors: features.includes("job_error"), advice: installAdvice(spec) });
}

/** The workers of the original that this host knows, by their packages. */
const KNOWN_WORKERS: Readonly<Record<string, string>> = {
  cjm_plugin_system: "cjm-plugin-system>=0.0.46",
  cjm_substrate: "cjm-substrate>=0.0.58",
};

/** Which worker of the original to install where. */
function installAdvice({ runtime }: PluginSpec): string {
  const module = runtime.kind === "python" ? runtime.foreignWorker ?? "" : "";
  const wanted = `"${KNOWN_WORKERS[module.split(".")[0]!] ?? KNOWN_WORKERS.cjm_plugin_system}"`;
  const how = runtime.kind === "python" ? howToInstall(runtime, wanted, { anew: true }) : `python3 -m pip install --upgrade ${wanted}`;
  return `Install a worker that is known here: ${how}, or leave "worker" out of the manifest`;
}

/** How to find out how to talk to a worker. */
export interface Recognition extends Pick<DialectOptions, "upgrade"> {
  /** Aborting it gives that up. */
  readonly signal: AbortSignal;
}

/** The way to talk to a worker that something else runs. */
export async function recognizeDialect(endpoint: HttpEndpoint, { upgrade, signal }: Recognition): Promise<Dialect> {
  using owned = new DisposableStack();
  const transport = owned.use(new HttpTransport(endpoint));
  if (await speaksFrames(transport, signal)) {
    const upgraded = upgrade ? await upgradedTo(endpoint, signal) : undefined;
    if (upgraded !== undefined) return upgraded;
    owned.move();
    return transport;
  }
  // How many calls it takes at once it does not tell, and most models are not thread-safe.
  return original(plainHttp(endpoint), { maxConcurrency: 1, jobErrors: true, advice: ATTACHED_ADVICE });
}

/** What to do about a worker of the original that ended before it was ready, by what it printed. */
export function loadAdvice({ runtime }: PluginSpec, printed: string): string {
  if (runtime.kind !== "python" || runtime.foreignWorker === undefined) return "";
  // The original's workers say FATAL of a plugin that they cannot load; all else is about themselves.
  if (printed.includes("FATAL: Failed to load")) return missingAdvice(runtime, printed);
  const wanted = KNOWN_WORKERS[runtime.foreignWorker.split(".")[0]!];
  return wanted === undefined
    ? ""
    : `. If it is the worker that does not start, install it anew there: ${howToInstall(runtime, `"${wanted}"`, { anew: true })}`;
}

const ATTACHED_ADVICE = `Install a worker that is known here in its environment: ${
  Object.values(KNOWN_WORKERS).map((wanted) => `python -m pip install --upgrade "${wanted}"`).join(" or ")
}`;

/** Upgraded connections, where the worker has them and is near, and this host may open some: HTTP needs fewer permissions on a unix socket. */
async function upgradedTo(endpoint: HttpEndpoint, signal: AbortSignal): Promise<Dialect | undefined> {
  const transport = UpgradedTransport.at(endpoint);
  if (transport === undefined) return undefined;
  try {
    await transport.prepare(signal);
    return transport;
  } catch {
    transport[Symbol.dispose]();
    signal.throwIfAborted();
    return undefined;
  }
}

/** The original's workers ask for no token, tell no version of the protocol, and know no path that begins with `http:`. */
async function speaksFrames(transport: HttpTransport, signal: AbortSignal): Promise<boolean> {
  const response = await transport.send({ endpoint: "health" }, signal);
  if (response.headers.get("content-type") === FRAMES_MEDIA_TYPE || ![200, 404].includes(response.status)) {
    await response.body?.cancel();
    return true;
  }
  const body: unknown = await response.json().catch(() => undefined);
  const problem = gatewayProblem(body);
  if (problem !== undefined) throw new MalformedReplyError(problem);
  return !(isOriginalHealth(body) || response.status === 404);
}

/** What is wrong where a gateway answers, and not for a plugin; `undefined` where something else does. */
function gatewayProblem(body: unknown): string | undefined {
  if (!isRecord(body)) return undefined;
  // The original's workers give no code.
  if (body.code === "unknown_plugin") return String(body.detail);
  const isGatewayItself = body.status === "ok" && Object.keys(body).length === 1;
  return isGatewayItself
    ? 'This is a gateway. Give the name of one of its plugins behind its address, as in "http://HOST:PORT/NAME"'
    : undefined;
}

/** The original's workers would not know what to do with a token, and whoever else may listen at their port must not learn it. */
function plainHttp({ url }: HttpEndpoint): DialledHttp | HttpTransport {
  const address = parseAddress(url);
  return address !== undefined && isUnix(address) ? new DialledHttp(() => dial(address)) : new HttpTransport({ url });
}

function original(transport: DialledHttp | HttpTransport, options: OriginalOptions): Dialect {
  const send: Send = (request, signal) => transport.send(request, signal);
  const dialect = new OriginalDialect(send, options);
  return {
    exchange: dialect.exchange,
    [Symbol.dispose]() {
      dialect[Symbol.dispose]();
      transport[Symbol.dispose]();
    },
  };
}

function isOriginalHealth(body: unknown): boolean {
  return typeof body === "object" && body !== null && "pid" in body && "status" in body && "name" in body && !("protocol" in body);
}

/**
 * Whether a worker that was given a port's number got it: another program may have been faster. Waits until somebody answers there, or the worker
 * has ended.
 */
export async function holdsItsPort(worker: LaunchedWorker, exchange: Exchange, signal: AbortSignal): Promise<boolean> {
  for (let waitMs = 5;; waitMs = Math.min(2 * waitMs, 100)) {
    const answered = await whoAnswers(exchange, signal);
    if (answered !== undefined) return answered === worker.hello.pid;
    if (await worker.endedWithin(waitMs) !== undefined) return !/address already in use/i.test(worker.log.tail);
    signal.throwIfAborted();
  }
}

async function whoAnswers(exchange: Exchange, signal: AbortSignal): Promise<unknown> {
  try {
    for await (const frame of exchange({ endpoint: "health" }, signal)) {
      if ("result" in frame) return (frame.result as Record<string, unknown> | null)?.pid ?? "a stranger";
    }
    return "a stranger";
  } catch (error) {
    if (error instanceof BrokenReplyError) return undefined;
    if (error instanceof MalformedReplyError) return "a stranger";
    throw error;
  }
}
