/**
 * The arguments of a call, as its request's body has them.
 *
 * @module
 */
import { type CallEndpoint, takesArguments } from "../../protocol/endpoints.ts";
import type { ValueTypes } from "../../protocol/frames.ts";
import { isRecord } from "../../protocol/json.ts";
import { decodeValue } from "../../protocol/values.ts";

/** The body of a request. */
export type Body = Readonly<Record<string, unknown>>;

/** The request's body is not what the endpoint takes. */
export class BadBodyError extends TypeError {
  override name = "BadBodyError";
}

/**
 * The body as the plugin gets it. It may be changed in place.
 *
 * @throws {BadBodyError} When it is not what the endpoint takes.
 */
export function decodeBody(endpoint: CallEndpoint, body: Body): Body {
  if (!takesArguments(endpoint)) return body;
  const { args, kwargs, types } = body;
  if (args !== undefined && !Array.isArray(args)) throw new BadBodyError('"args" must be an array');
  if (kwargs !== undefined && !isRecord(kwargs)) throw new BadBodyError('"kwargs" must be an object');
  if (types === undefined) return body;
  if (!isRecord(types)) throw new BadBodyError('"types" must be an object');
  try {
    return decodeValue(body, types as ValueTypes) as Body;
  } catch (error) {
    throw new BadBodyError((error as Error).message);
  }
}
