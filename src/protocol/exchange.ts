/**
 * How a request and its frames pass between host and worker, whatever carries them.
 *
 * @module
 */
import type { Frame } from "./frames.ts";
import type { RequestEndpoint } from "./endpoints.ts";
import type { OutgoingPart } from "./parts.ts";
import type { TraceContext } from "./telemetry.ts";

/** How files pass between host and worker: in folders that both reach, or as bytes behind the JSON. */
export type FilesWay = "shared" | "parts";

/** One request to a worker. */
export interface WireRequest {
  /** What is asked for. */
  readonly endpoint: RequestEndpoint;
  /** The JSON body; left out where the endpoint takes none. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** The same as text, where it has been written already. Who has a wire sends this, and leaves `body` unread. */
  readonly json?: string;
  /** The call's id; left out for what is no call. */
  readonly callId?: string;
  /** How files in results may come: `"shared"` in the worker's scratch folders, `"parts"` behind the frames. Default: inside the JSON. */
  readonly files?: FilesWay;
  /** The files of the body, behind its JSON, for a worker that takes parts. Who answers without a wire has none. */
  readonly parts?: readonly OutgoingPart[];
  /** Whether somebody listens to progress. It is sent in any case by workers that send it by themselves. */
  readonly wantsProgress?: boolean;
  /** Whether what the call prints may come between its frames, from who gives that. Default: no. */
  readonly wantsLogs?: boolean;
  /** The trace of which the call is a part. */
  readonly trace?: TraceContext;
}

/**
 * Answers one request by frames, of which the last is a result or an error. Aborting the signal abandons the request. Both ends have
 * this shape: a worker's session is one, and so is each of the host's transports.
 */
export type Exchange = (request: WireRequest, signal: AbortSignal) => AsyncIterable<Frame>;

/** The body of a request as text; `undefined` where there is none. */
export function bodyText(request: WireRequest): string | undefined {
  if (request.json !== undefined) return request.json;
  return request.body === undefined ? undefined : JSON.stringify(request.body);
}
