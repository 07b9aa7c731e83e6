/**
 * `@std/http/server-sent-event-stream` from npm, with the types of the names in use, as JSR has them.
 *
 * @module
 */
import * as std from "deno-std/http/server_sent_event_stream.js";

/** A server-sent event. */
export interface ServerSentEventMessage {
  comment?: string;
  event?: string;
  data?: string;
  id?: string | number;
  retry?: number;
}

/** Turns events into bytes. */
export const ServerSentEventStream: new () => TransformStream<ServerSentEventMessage, Uint8Array<ArrayBuffer>> = std.ServerSentEventStream;
