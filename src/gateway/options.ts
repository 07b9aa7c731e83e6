/**
 * What a gateway is made with.
 *
 * @module
 */
import { isToken } from "../protocol/token.ts";
import type { LogFeed } from "./observing/log_feed.ts";
import type { CallObserver } from "./observing/observer.ts";

/** How much a gateway takes at once. What is over a limit is refused, and said why. */
export interface GatewayLimits {
  /** The longest body of JSON, in bytes. Default: 16 MiB, which takes some tenths of a second to read. A longer one is refused with 413. */
  readonly bodyBytes?: number;
  /** How many bytes the files of all requests may have at a time, on disk. Default: 4 GiB. What does not fit is refused with 413 or 507. */
  readonly fileBytes?: number;
  /** How many requests of one token are under way at once. Default: 1,024. More of them are refused with 429. */
  readonly requests?: number;
  /** How long the bodies of all requests under way may be together, in bytes. Default: 256 MiB. More of them are refused with 429. */
  readonly allBodiesBytes?: number;
  /** How long a client may take for the next 64 KiB of its body, in milliseconds. Default: 30,000. A slower one is refused with 408. */
  readonly bodyMs?: number;
  /** How long a client may take none of its reply, in milliseconds. Default: 60,000. It has left its call then. */
  readonly replyMs?: number;
}

/** What {@linkcode createGateway} takes. */
export interface GatewayOptions {
  /** What the requests of callers carry, as `Authorization: Bearer …`. With several tokens each of them is a client of its own. */
  readonly token: string | readonly string[];
  /** What the requests of operators carry. Default: nobody is an operator, and what takes one is refused with 403. */
  readonly operatorToken?: string | readonly string[];
  /** What reads `GET /metrics` and opens nothing else. The other tokens read it too. Default: none. */
  readonly metricsToken?: string | readonly string[];
  /** The folder in which the files of requests are until their calls have ended. Default: the system's folder for temporary files. */
  readonly scratchDir?: string;
  /** How much it takes at once. */
  readonly limits?: GatewayLimits;
  /**
   * Whether callers are told tracebacks, and errors that have paths and output of this machine in them. Default: false. Operators are told in any case.
   */
  readonly exposeTracebacks?: boolean;
  /**
   * The names by which clients reach the gateway, for example `plugins.example.com`; `*` is any. `localhost` and addresses need not be named. A page
   * that has its own name lead to this machine is refused thereby.
   */
  readonly hosts?: readonly string[];
  /** The web pages of elsewhere that may call, for example `https://app.example.com`. Default: none. */
  readonly origins?: readonly string[];
  /** The path below which it is mounted, for example `/plugins`. Default: none. A framework that takes it off from the request's URL needs none. */
  readonly basePath?: string;
  /**
   * Whether callers may have what their own calls print, with the frames of these. Default: false, for plugins print tracebacks and secrets. Operators may
   * in any case.
   */
  readonly callLogs?: boolean;
  /**
   * Whether calls may have functions, which a plugin calls and their client runs. Default: false, for a plugin waits as long as a client likes. It takes a
   * client that has attached, or speaks the wire.
   */
  readonly callbacks?: boolean;
  /**
   * Whether calls are refused with 400 whose arguments are not what the plugin's signature says. Default: false, for a plugin may take more than its
   * hints tell. It costs each call a question to the worker.
   */
  readonly checkArguments?: boolean;
  /** What plugins print, for operators on the gateway's page. Default: it shows nothing of it. */
  readonly logs?: LogFeed;
  /** Who is told of every call. */
  readonly observers?: readonly CallObserver[];
  /** Aborted when the gateway takes no more requests: it refuses them with 503, and goes on with those that it has. */
  readonly draining?: AbortSignal;
}

/** The options with their defaults. */
export interface ResolvedGatewayOptions {
  readonly callers: readonly string[];
  readonly operators: readonly string[];
  readonly metricsReaders: readonly string[];
  readonly limits: Required<GatewayLimits>;
  readonly exposeTracebacks: boolean;
  readonly callLogs: boolean;
  readonly callbacks: boolean;
  readonly checkArguments: boolean;
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
  readonly basePath: string;
  readonly logs: LogFeed | undefined;
  readonly draining: AbortSignal | undefined;
}

const MIB = 1024 * 1024;

const DEFAULT_LIMITS: Required<GatewayLimits> = {
  bodyBytes: 16 * MIB,
  fileBytes: 4 * 1024 * MIB,
  requests: 1_024,
  allBodiesBytes: 256 * MIB,
  bodyMs: 30_000,
  replyMs: 60_000,
};

/** Fills in the defaults. */
export function resolveOptions(options: GatewayOptions): ResolvedGatewayOptions {
  const { exposeTracebacks = false, callLogs = false, callbacks = false, checkArguments = false } = options;
  const { hosts = [], origins = [], draining } = options;
  return {
    callers: tokens("token", options.token),
    operators: tokens("operatorToken", options.operatorToken),
    metricsReaders: tokens("metricsToken", options.metricsToken),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    exposeTracebacks,
    callLogs,
    callbacks,
    checkArguments,
    hosts,
    origins,
    draining,
    logs: options.logs,
    basePath: (options.basePath ?? "").replace(/\/+$/, ""),
  };
}

/** A token travels in a header. With one that no header carries its holder would be refused for ever. */
function tokens(option: string, given: string | readonly string[] = []): readonly string[] {
  const all = [given].flat();
  if (all.every(isToken)) return all;
  throw new TypeError(`Cannot make a gateway: "${option}" is no token. Give a text of visible ASCII characters that nobody can guess`);
}
