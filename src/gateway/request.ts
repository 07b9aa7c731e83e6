/**
 * What a client of the gateway asks for.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { type Endpoint, endpointRule, ENDPOINTS, type ExtensionEndpoint, EXTENSIONS } from "../protocol/endpoints.ts";
import { CALL_ID, CALL_ID_HEADER } from "../protocol/messages.ts";
import { operatorRefusal } from "./access.ts";
import { type BodyContext, readBody } from "./body.ts";
import type { Asked } from "./context.ts";
import { hasParts, readPartsBody } from "./parts_body.ts";
import { badRequest, refusal } from "./refusal.ts";

/** One request that is understood. */
export interface GatewayRequest {
  readonly plugin: string;
  readonly endpoint: Endpoint | ExtensionEndpoint;
  /** The members of its body, their values as plugins are given them. */
  readonly body: Readonly<Record<string, unknown>>;
  /** How long its body was, in bytes. */
  readonly bytesIn: number;
  /** The files behind it, while they come. */
  readonly bytes?: Disposable;
  readonly callId: string | undefined;
}

/** What takes the token of an operator: it changes the plugin for everybody. */
const OPERATOR_ENDPOINTS: ReadonlySet<string> = new Set<Endpoint | ExtensionEndpoint>([
  "initialize",
  "reconfigure",
  "cleanup",
  "on_enable",
  "on_disable",
]);

/** Reads what is asked for below the name of a plugin, or says why that cannot be had. */
export async function readRequest(asked: Asked, context: BodyContext): Promise<GatewayRequest | Response> {
  const { plugin = "", endpoint = "" } = asked.req.param() as Readonly<Record<string, string>>;
  if (!isKnownEndpoint(endpoint)) {
    return refusal(STATUS_CODE.NotFound, `There is no endpoint "${plugin}/${endpoint}"`, { code: "not_found" });
  }
  const { method } = endpointRule(endpoint);
  if (asked.req.method !== method) {
    return refusal(STATUS_CODE.MethodNotAllowed, `"${endpoint}" takes ${method}`, { code: "wrong_method", headers: { allow: method } });
  }
  const refused = OPERATOR_ENDPOINTS.has(endpoint) ? operatorRefusal(asked.get("role"), `"${endpoint}"`) : undefined;
  if (refused !== undefined) return refused;
  const { headers } = asked.req.raw;
  const callId = headers.get(CALL_ID_HEADER) ?? undefined;
  if (callId !== undefined && !CALL_ID.test(callId)) return badRequest("The call id is malformed");
  const read = hasParts(asked.req.raw) ? await readPartsBody(asked, { endpoint }, context) : await readBody(asked, context);
  if (read instanceof Response) return read;
  const misplaced = misplacedArguments({ endpoint, body: read.body });
  return misplaced === undefined ? { plugin, endpoint, callId, ...read } : badRequest(misplaced);
}

/** Whether a part of the path names an endpoint. */
function isKnownEndpoint(name: string): name is Endpoint | ExtensionEndpoint {
  return Object.hasOwn(ENDPOINTS, name) || Object.hasOwn(EXTENSIONS, name);
}

/** Why a call cannot be meant as it is written; `undefined` when it can. Its arguments would be passed over, and the call made without them. */
function misplacedArguments({ endpoint, body }: Pick<GatewayRequest, "endpoint" | "body">): string | undefined {
  if (endpoint !== "execute" && endpoint !== "execute_stream") return undefined;
  const [name] = Object.keys(body);
  if (name === undefined || "kwargs" in body || "args" in body) return undefined;
  return `The body has "${name}" and neither "kwargs" nor "args". Arguments go into "kwargs": {"kwargs": {${JSON.stringify(name)}: …}}`;
}
