/**
 * What the head of a request asks for, on either wire: sections 3 and 11 of `docs/protocol.md`.
 *
 * @module
 */
import {
  type Endpoint,
  endpointRule,
  isCallEndpoint,
  isEndpoint,
  isMethodEndpoint,
  type MethodEndpoint,
} from "../../../protocol/endpoints.ts";
import type { FilesWay, WireRequest } from "../../../protocol/exchange.ts";
import { isRecord } from "../../../protocol/json.ts";
import { LOGS_FEATURE, LOGS_HEADER } from "../../../protocol/log_body.ts";
import { CALL_ID, CALL_ID_HEADER, FILES_HEADER } from "../../../protocol/messages.ts";
import { UPGRADE_ENDPOINT, UPGRADE_PROTOCOL } from "../../../protocol/upgrade.ts";
import { traceFrom } from "../../../protocol/telemetry.ts";
import { decodeUtf8 } from "../../../protocol/utf8.ts";
import type { BareRequestLine } from "./bare_request.ts";
import { HeadTooLongError, type HttpConnection } from "./connection.ts";
import { parseHead, type RequestHead } from "./head.ts";
import { Refusal } from "./refusal.ts";
import { isFramed } from "./reply_writer.ts";

/** A request but for its body. */
export type RequestFacts = WireRequest & { readonly endpoint: Endpoint | MethodEndpoint };

/**
 * The head of the next request; `undefined` when the client has closed instead.
 *
 * @throws {Refusal} With 400 or 431.
 */
export async function readHead(connection: HttpConnection): Promise<RequestHead | undefined> {
  const text = await bounded(connection.readHead());
  if (text === undefined) return undefined;
  const head = parseHead(text);
  if (head === undefined) throw new Refusal(400, "The request is not HTTP/1.1", { closes: true });
  return head;
}

/**
 * The text of a head.
 *
 * @throws {Refusal} With 431, when it is too long.
 */
export async function bounded(text: Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await text;
  } catch (error) {
    if (error instanceof HeadTooLongError) throw new Refusal(431, "The request line and headers are longer than 64 KiB", { closes: true });
    throw error;
  }
}

/** Whether the connection is to carry bare frames from here on. */
export function isUpgrade({ method, path, headers }: RequestHead): boolean {
  if (path !== `/${UPGRADE_ENDPOINT}`) return false;
  if (method !== "GET") throw new Refusal(405, `The endpoint "${path}" wants GET`, { headers: { allow: "GET" } });
  const wanted = headers.get("upgrade")?.toLowerCase() === UPGRADE_PROTOCOL && headers.get("connection")?.toLowerCase().includes("upgrade");
  if (!wanted) throw new Refusal(426, `The endpoint "${path}" only upgrades its connection`, { headers: { upgrade: UPGRADE_PROTOCOL } });
  return true;
}

/** All of a request but its body. */
export function requestOf(head: RequestHead): RequestFacts {
  const { headers } = head;
  return {
    endpoint: endpointOf(head),
    callId: checkedCallId(headers.get(CALL_ID_HEADER)),
    files: isFramed(head) ? filesWay(headers.get(FILES_HEADER)) : undefined,
    wantsLogs: (isFramed(head) && headers.get(LOGS_HEADER) === LOGS_FEATURE) || undefined,
    trace: traceFrom((name) => headers.get(name)),
  };
}

/** The same of a line on an upgraded connection. */
export function bareRequestOf({ endpoint, fields }: BareRequestLine): RequestFacts {
  return {
    endpoint: knownEndpoint(endpoint),
    callId: checkedCallId(fields.get("call")),
    files: filesWay(fields.get("files")),
    wantsLogs: fields.get("logs") === LOGS_FEATURE || undefined,
    trace: traceFrom((name) => fields.get(name)),
  };
}

/**
 * Makes sure that a request with files is a call.
 *
 * @throws {Refusal} With 400.
 */
export function uploadTo(request: RequestFacts): RequestFacts {
  if (isCallEndpoint(request.endpoint)) return request;
  throw new Refusal(400, "This endpoint takes no files");
}

function filesWay(given: string | undefined): FilesWay | undefined {
  return given === "shared" || given === "parts" ? given : undefined;
}

/** What is refused before its files were read leaves them on the connection. */
export function closing<Value>(check: () => Value): Value {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(error.status, error.message, { closes: true, headers: error.headers });
  }
}

function endpointOf({ method, path }: RequestHead): RequestFacts["endpoint"] {
  const endpoint = knownEndpoint(path.startsWith("/") ? path.slice(1) : "");
  const rule = endpointRule(endpoint);
  if (rule.method !== method) throw new Refusal(405, `The endpoint "${path}" wants ${rule.method}`, { headers: { allow: rule.method } });
  return endpoint;
}

function knownEndpoint(name: string): RequestFacts["endpoint"] {
  if (!isEndpoint(name) && !isMethodEndpoint(name)) throw new Refusal(404, `There is no endpoint "/${name}"`);
  return name;
}

function checkedCallId(id: string | undefined): string | undefined {
  if (id !== undefined && !CALL_ID.test(id)) throw new Refusal(400, "A call id has 1 to 128 visible ASCII characters");
  return id;
}

/** A request's body, and its text. */
export interface ParsedBody {
  readonly body: Record<string, unknown>;
  readonly json: string;
}

/**
 * Reads the body of a request.
 *
 * @throws {Refusal} With 400.
 */
export function parseBody(bytes: Uint8Array): ParsedBody {
  if (bytes.length === 0) return { body: {}, json: "{}" };
  let [json, body]: [string, unknown] = ["", undefined];
  try {
    json = decodeUtf8(bytes);
    body = JSON.parse(json);
  } catch (error) {
    throw new Refusal(400, `The body is not JSON: ${(error as Error).message}`);
  }
  if (!isRecord(body)) throw new Refusal(400, "The body is not a JSON object");
  return { body, json };
}
