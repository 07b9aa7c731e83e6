/**
 * What a gateway is made with.
 *
 * @module
 */
import { MAX_BODY_BYTES } from "../protocol/sizes.ts";
import type { LogFeed } from "./log_feed.ts";
import type { CallObserver } from "./observer.ts";

/** How much a gateway takes at once. What is over a limit is refused, and said why. */
export interface GatewayLimits {
  /** The longest body of a request, in bytes. Default: 512 MiB. A longer one is refused with 413. */
  readonly bodyBytes?: number;
}

/** What {@linkcode createGateway} takes. */
export interface GatewayOptions {
  /** What the requests of callers carry, as `Authorization: Bearer …`. With several tokens each of them is a client of its own. */
  readonly token: string | readonly string[];
  /** What the requests of operators carry. Default: nobody is an operator, and what takes one is refused with 403. */
  readonly operatorToken?: string | readonly string[];
  /** What reads `GET /metrics` and opens nothing else. The other tokens read it too. Default: none. */
  readonly metricsToken?: string | readonly string[];
  /** How much it takes at once. */
  readonly limits?: GatewayLimits;
  /**
   * The names by which clients reach the gateway, for example `plugins.example.com`; `*` is any. `localhost` and addresses need not be named. A page
   * that has its own name lead to this machine is refused thereby.
   */
  readonly hosts?: readonly string[];
  /** The web pages of elsewhere that may call, for example `https://app.example.com`. Default: none. */
  readonly origins?: readonly string[];
  /** The path below which it is mounted, for example `/plugins`. Default: none. A framework that takes it off from the request's URL needs none. */
  readonly basePath?: string;
  /** What plugins print, for operators on the gateway's page. Default: it shows nothing of it. */
  readonly logs?: LogFeed;
  /** Who is told of every call. */
  readonly observers?: readonly CallObserver[];
}

/** The options with their defaults. */
export interface ResolvedGatewayOptions {
  readonly callers: readonly string[];
  readonly operators: readonly string[];
  readonly metricsReaders: readonly string[];
  readonly limits: Required<GatewayLimits>;
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
  readonly basePath: string;
  readonly logs: LogFeed | undefined;
}

const DEFAULT_LIMITS: Required<GatewayLimits> = { bodyBytes: MAX_BODY_BYTES };

/** Fills in the defaults. */
export function resolveOptions(options: GatewayOptions): ResolvedGatewayOptions {
  return {
    callers: [options.token].flat(),
    operators: [options.operatorToken ?? []].flat(),
    metricsReaders: [options.metricsToken ?? []].flat(),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    hosts: options.hosts ?? [],
    origins: options.origins ?? [],
    logs: options.logs,
    basePath: (options.basePath ?? "").replace(/\/+$/, ""),
  };
}
