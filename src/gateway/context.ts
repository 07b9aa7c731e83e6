/**
 * What the routes of a gateway share.
 *
 * @module
 */
import type { Context } from "hono";
import type { PluginManager } from "../manager/plugin_manager.ts";
import type { CallFeed } from "./observing/call_feed.ts";
import type { GatewayMetrics } from "./observing/metrics.ts";
import type { CallObserver } from "./observing/observer.ts";
import type { OpenCalls } from "./open_calls.ts";
import type { ResolvedGatewayOptions } from "./options.ts";
import type { Patience } from "./request/patience.ts";
import type { Place } from "./access/places.ts";
import type { UploadPlace } from "./request/uploads.ts";

/** What a client may do: call plugins, or see to them as well. */
export type Role = "caller" | "operator";

/** What a server tells of a request, as `Deno.serve` does. */
export interface GatewayRequestInfo {
  /** Rejects when the client has gone before it had the reply. */
  readonly completed: Promise<void>;
  /** Where the connection comes from. */
  readonly remoteAddr?: { readonly transport: string; readonly hostname?: string };
}

/** One gateway. */
export interface GatewayContext {
  /** The plugins. */
  readonly manager: PluginManager;
  /** The calls of all clients. */
  readonly calls: OpenCalls;
  /** What it was made with. */
  readonly options: ResolvedGatewayOptions;
  /** Where the files of requests are. */
  readonly uploads: UploadPlace;
  /** What Prometheus is told. */
  readonly metrics: GatewayMetrics;
  /** How long it waits for the bodies of requests, and for clients to take their replies. */
  readonly patience: { readonly body: Patience; readonly reply: Patience; readonly client: Patience };
  /** The calls of all clients, for those who follow them. */
  readonly callFeed: CallFeed;
  /** Who is told of every call. */
  readonly observers: readonly CallObserver[];
}

/** What the routes find with a request. */
export interface GatewayEnv {
  readonly Bindings: {
    /** What the server tells, if it tells anything. */
    readonly info?: GatewayRequestInfo;
    /** What the request holds of the gateway's room. Set behind the check of the token. */
    place?: Place;
  };
  readonly Variables: {
    /** What the client may do. Set behind the check of the token. */
    readonly role: Role;
    /** Whose request it is, for example `caller 1`. Set behind the check of the token. */
    readonly client: string;
  };
}

/** One request on its way through the routes. */
export type Asked = Context<GatewayEnv>;

/** The place of a request that is behind the check of the token. */
export function placeOf({ env }: Asked): Place {
  return env.place!;
}
