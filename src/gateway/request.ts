/**
 * What a client of the gateway asks for.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { type Endpoint, ENDPOINTS, type ExtensionEndpoint, EXTENSIONS } from "../protocol/endpoints.ts";
import { findLongInteger } from "../protocol/exact_integers.ts";
import type { ValueTypes } from "../protocol/frames.ts";
import { isRecord } from "../protocol/json.ts";
import { MAX_BODY_BYTES } from "../protocol/sizes.ts";
import { decodeValue, toPlace } from "../protocol/values.ts";
import { refusal } from "./reply.ts";

/** One request that is understood. */
export interface GatewayRequest {
  readonly plugin: string;
  readonly endpoint: Endpoint | ExtensionEndpoint;
  readonly body: Readonly<Record<string, unknown>>;
  readonly callId: string | undefined;
}

/** The parts of a request's path; `undefined` when it is malformed. */
export function pathOf({ url }: Request): string[] | undefined {
  try {
    return new URL(url).pathname.split("/").slice(1).map(decodeURIComponent);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** Whether a part of the path names an endpoint. */
export function isKnownEndpoint(name: string): name is Endpoint | ExtensionEndpoint {
  return Object.hasOwn(ENDPOINTS, name) || Object.hasOwn(EXTENSIONS, name);
}

/** The members of a request's body, or why they cannot be had. It is parsed once. */
export async function readBody(request: Request): Promise<Record<string, unknown> | Response> {
  const length = Number(request.headers.get("content-length") ?? 0);
  if (request.body !== null && !request.headers.has("content-length")) {
    return refusal(STATUS_CODE.LengthRequired, "The body has no Content-Length");
  }
  if (length > MAX_BODY_BYTES) return refusal(STATUS_CODE.ContentTooLarge, `The body is longer than ${MAX_BODY_BYTES} bytes`);
  const text = await request.text().catch(() => undefined);
  // Its client has left, or sends no more: if anybody reads this, it is not his arguments that are wrong.
  if (text === undefined) return refusal(STATUS_CODE.BadRequest, "The body ended before its Content-Length");
  if (text === "") return {};
  try {
    const whole: unknown = JSON.parse(text);
    if (isRecord(whole)) return decodeBody(whole, text);
  } catch {
    // Told below, as any other body that is no object.
  }
  return refusal(STATUS_CODE.BadRequest, "The body is no JSON object");
}

/** Why a call cannot be meant as it is written; `undefined` when it can. Its arguments would be passed over, and the call made without them. */
export function misplacedArguments({ endpoint, body }: Pick<GatewayRequest, "endpoint" | "body">): string | undefined {
  if (endpoint !== "execute" && endpoint !== "execute_stream") return undefined;
  const [name] = Object.keys(body);
  if (name === undefined || "kwargs" in body || "args" in body) return undefined;
  return `The body has "${name}" and neither "kwargs" nor "args". Arguments go into "kwargs": {"kwargs": {${JSON.stringify(name)}: …}}`;
}

function decodeBody(whole: object, text: string): Record<string, unknown> | Response {
  const long = findLongInteger(whole, () => text);
  if (long !== undefined) {
    return refusal(STATUS_CODE.BadRequest, `The integer at "${toPlace(long.path)}" is one that no number of JavaScript holds`);
  }
  const { types, ...body } = whole as { readonly types?: ValueTypes };
  return decodeValue(body, types) as Record<string, unknown>;
}
