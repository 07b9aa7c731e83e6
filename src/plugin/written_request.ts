/**
 * A request whose body is text already.
 *
 * @module
 */
import type { WireRequest } from "../protocol/exchange.ts";

/** What goes over a wire as it is; whoever answers without one has the body as values of its own. */
export class WrittenRequest implements WireRequest {
  readonly endpoint: WireRequest["endpoint"];
  readonly json: string | undefined;
  readonly callId: string | undefined;
  readonly files: WireRequest["files"];
  readonly parts: WireRequest["parts"];
  readonly wantsProgress: boolean;
  readonly wantsLogs: boolean;
  readonly trace: WireRequest["trace"];

  /** Makes a request of a body's text. */
  constructor({ endpoint, callId, files, parts, wantsProgress, wantsLogs, trace }: RequestFacts, json: string | undefined) {
    this.endpoint = endpoint;
    this.json = json;
    this.callId = callId;
    this.files = files;
    this.parts = parts;
    this.wantsProgress = wantsProgress;
    this.wantsLogs = wantsLogs;
    this.trace = trace;
  }

  get body(): Readonly<Record<string, unknown>> | undefined {
    return this.json === undefined ? undefined : JSON.parse(this.json);
  }
}

type RequestFacts = Pick<WireRequest, "endpoint" | "callId" | "files" | "parts" | "trace"> & {
  readonly wantsProgress: boolean;
  readonly wantsLogs: boolean;
};
