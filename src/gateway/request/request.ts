/**
 * What a client of the gateway asks for.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import {
  type Endpoint,
  endpointRule,
  type ExtensionEndpoint,
  EXTENSIONS,
  isEndpoint,
  methodEndpoint,
  type RequestEndpoint,
  takesArguments,
} from "../../protocol/endpoints.ts";
import { CALL_ID, CALL_ID_HEADER, FRAMES_MEDIA_TYPE } from "../../protocol/messages.ts";
import { operatorRefusal } from "../access/tokens.ts";
import type { ClientFunctions } from "../client_functions.ts";
import { readAnswerBody } from "./answer_body.ts";
import { argumentProblem } from "./argument_check.ts";
import { type ReadBody, readBody } from "./body.ts";
import { bodyProblem, functionsProblem } from "./body_members.ts";
import { readCallBody } from "./call_body.ts";
import type { Asked, GatewayContext } from "../context.ts";
import { hasParts, readPartsBody } from "./parts_body.ts";
import { badRequest, refusal } from "../reply/refusal.ts";

/** One request that is understood. */
export interface GatewayRequest {
  readonly plugin: string;
  readonly endpoint: RequestEndpoint;
  /** The members of its body, their values as plugins are given them. */
  readonly body: Readonly<Record<string, unknown>>;
  /** How long its body was, in bytes. */
  readonly bytesIn: number;
  readonly callId: string | undefined;
  /** The files that came with it, until its call has ended. */
  readonly uploads?: AsyncDisposable;
  /** The functions in it, which its client runs; left out where there are none. */
  readonly functions?: ClientFunctions;
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
export async function readRequest(asked: Asked, context: GatewayContext): Promise<GatewayRequest | Response> {
  const { plugin = "", endpoint: name = "", method: called } = asked.req.param() as Readonly<Record<string, string>>;
  const endpoint = endpointOf(name, called);
  if (endpoint === undefined) {
    const path = called === undefined ? name : `${name}/${called}`;
    return refusal(STATUS_CODE.NotFound, `There is no endpoint "${plugin}/${path}"`, { code: "not_found" });
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
  const read = await readAnyBody(asked, { plugin, endpoint }, context);
  if (read instanceof Response) return read;
  const call = { plugin, endpoint, callId, read, takesUnknown: asksForFrames(headers) };
  const problem = read.uploads === undefined ? await refusalOf(call, context) : await refusalOfFiles(call, read.uploads, context);
  return problem ?? { plugin, endpoint, callId, ...read };
}

/** A request whose body was read. */
interface ReadCall extends PluginEndpoint {
  readonly callId: string | undefined;
  readonly read: ReadBody;
  /** Whether it may say more than is known here, as clients of the wire may, which ask for frames. */
  readonly takesUnknown: boolean;
}

/** The same for a request with files, which are let go of unless it is run. */
async function refusalOfFiles(call: ReadCall, files: AsyncDisposable, context: GatewayContext): Promise<Response | undefined> {
  await using uploads = new AsyncDisposableStack();
  uploads.use(files);
  const problem = await refusalOf(call, context);
  if (problem === undefined) uploads.move();
  return problem;
}

/** Refuses what the plugin is not asked; `undefined` for what it is. */
async function refusalOf(
  { plugin, endpoint, callId, read, takesUnknown }: ReadCall,
  { options, manager }: GatewayContext,
): Promise<Response | undefined> {
  const isFollowed = takesUnknown && callId !== undefined;
  const problem = bodyProblem(endpoint, read.body, { takesUnknown }) ??
    (read.functions && functionsProblem(endpoint, { takesFunctions: options.callbacks, isFollowed }));
  if (problem !== undefined) return badRequest(problem);
  if (!options.checkArguments || !takesArguments(endpoint)) return undefined;
  const wrong = await argumentProblem({ plugin, endpoint, body: read.body }, manager);
  return wrong === undefined ? undefined : refusal(STATUS_CODE.BadRequest, wrong, { code: "invalid_arguments" });
}

/** Reads a body in the form that it has: with files behind it, as a form, a file or arguments in the URL, or as JSON alone. */
function readAnyBody(asked: Asked, { plugin, endpoint }: PluginEndpoint, context: GatewayContext): Promise<ReadBody | Response> {
  if (hasParts(asked.req.raw)) return readPartsBody(asked, { endpoint }, context);
  if (endpoint === "callback") return readAnswerBody(asked, context);
  return takesArguments(endpoint) ? readCallBody(asked, { plugin, endpoint }, context) : readBody(asked, context);
}

type PluginEndpoint = Pick<GatewayRequest, "plugin" | "endpoint">;

/** Whether a client reads replies in frames. */
export function asksForFrames(headers: Headers): boolean {
  return headers.get("accept")?.includes(FRAMES_MEDIA_TYPE) ?? false;
}

/** The endpoint that one part of the path names, or two where a method is called by its name. */
function endpointOf(name: string, called: string | undefined): RequestEndpoint | undefined {
  if (called !== undefined) return name === "call" || name === "stream" ? methodEndpoint(name, called) : undefined;
  return isEndpoint(name) || isExtension(name) ? name : undefined;
}

function isExtension(name: string): name is ExtensionEndpoint {
  return Object.hasOwn(EXTENSIONS, name);
}
