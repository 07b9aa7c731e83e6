/**
 * What each endpoint of the gateway asks of a plugin.
 *
 * @module
 */
import type { PluginManager } from "../manager/plugin_manager.ts";
import type { ClientOptions } from "../plugin/client_logs.ts";
import type { CallOptions, Kwargs, PluginConfig } from "../plugin/interface.ts";
import { type PluginInterface, questionAt, type QuestionEndpoint } from "../plugin/members.ts";
import type { CallbackAnswer } from "../protocol/callback_answer.ts";
import { CALLBACKS_FEATURE } from "../protocol/functions.ts";
import {
  type CalledEndpoint,
  type Endpoint,
  type ExtensionEndpoint,
  isMethodEndpoint,
  isStreamEndpoint,
  methodName,
  type RequestEndpoint,
  takesArguments,
} from "../protocol/endpoints.ts";
import { LOGS_FEATURE } from "../protocol/log_body.ts";
import { PARTS_FEATURE } from "../protocol/parts.ts";
import { PROTOCOL_VERSION } from "../protocol/version.ts";
import type { Role } from "./context.ts";
import type { OpenCalls } from "./open_calls.ts";
import type { GatewayRequest } from "./request/request.ts";

/** What an operation is run on. */
export interface OperationTarget {
  readonly handle: PluginInterface;
  readonly manager: PluginManager;
  /** The calls of all clients. */
  readonly calls: OpenCalls;
  /** What the worker calls the call; it makes up a name where there is none. */
  readonly workerCallId: string | undefined;
  /** Who asks. */
  readonly client: string;
  /** What it may do. */
  readonly role: Role;
  /** Whether clients may have what their calls print. */
  readonly givesLogs: boolean;
  /** Whether calls may have functions. */
  readonly takesFunctions: boolean;
}

/** What an operation is run with. */
type GivenOptions = CallOptions & Pick<ClientOptions, "onLog">;

/** Runs a request: gives chunks for a stream, and the result for all else. */
export function operate(request: GatewayRequest, target: OperationTarget, given: GivenOptions): AsyncIterator<unknown> | Promise<unknown> {
  // `client` is no option of the public API. The manager hands it on to the plugin as it is.
  const options: CallOptions & ClientOptions = { ...given, client: target.client };
  const { endpoint, body } = request;
  if (takesArguments(endpoint)) {
    const call = { ...options, args: body.args as readonly unknown[] | undefined, callId: target.workerCallId };
    return callMethod(endpoint, target.handle, { kwargs: body.kwargs as Kwargs | undefined, call });
  }
  const question = questionAt(endpoint);
  if (question !== undefined) return target.handle[question](options);
  if (!isOwn(endpoint)) return target.handle.extension(endpoint as ExtensionEndpoint, body, options);
  return ANSWERS[endpoint](request, target, options);
}

/** What a method is called with. */
interface MethodCall {
  readonly kwargs: Kwargs | undefined;
  readonly call: CallOptions;
}

function callMethod(
  endpoint: CalledEndpoint,
  handle: PluginInterface,
  { kwargs, call }: MethodCall,
): AsyncIterator<unknown> | Promise<unknown> {
  const name = isMethodEndpoint(endpoint) ? methodName(endpoint) : undefined;
  if (isStreamEndpoint(endpoint)) return name === undefined ? handle.executeStream(kwargs, call) : handle.stream(name, kwargs, call);
  return name === undefined ? handle.execute(kwargs, call) : handle.call(name, kwargs, call);
}

type Answer = (request: GatewayRequest, target: OperationTarget, options: CallOptions) => Promise<unknown>;

/** Every endpoint that is neither a call of the plugin's methods nor a question. */
type OwnEndpoint = Exclude<Endpoint, QuestionEndpoint | CalledEndpoint>;

const ANSWERS: Readonly<Record<OwnEndpoint, Answer>> = {
  initialize: async ({ body }, { handle }, options) => {
    await handle.initialize(body, options);
    return { status: "ok" };
  },
  reconfigure: async ({ body }, { handle }, options) => {
    await handle.reconfigure((body.new_config ?? {}) as PluginConfig, options);
    return { status: "reconfigured" };
  },
  prefetch: async (_, { handle }, options) => ({ status: await handle.prefetch(options) ? "prefetched" : "not_supported" }),
  cleanup: () => Promise.resolve({ status: "cleaned" }),
  callback: ({ body }, target) =>
    Promise.resolve({ status: answer(body as unknown as CallbackAnswer, target) ? "answered" : "not_waiting" }),
  // It shares no files with its clients.
  in_use: () => Promise.resolve({ in_use: true }),
  // Where they lie is no client's business.
  sources: () => Promise.resolve({ files: [] }),
  cancel: async (request, target) => ({ status: await cancel(request, target) ? "cancelled" : "not_running" }),
  ready: async ({ plugin }, { manager, handle: { name, version } }) => {
    await manager.load(plugin);
    return { name, version, methods: [] };
  },
  health: ({ plugin }, { manager, handle, calls, givesLogs, takesFunctions }) => {
    const { name, version } = handle;
    const { maxConcurrency: max_concurrency, batch } = manager.info(plugin);
    const running = calls.count(versionOf(handle));
    const features = [...takesFunctions ? [CALLBACKS_FEATURE] : [], ...givesLogs ? [LOGS_FEATURE] : [], PARTS_FEATURE];
    const known = { pid: Deno.pid, name, version, protocol: PROTOCOL_VERSION, max_concurrency, batch, features };
    const health = { ...known, calls: { running, queued: 0 } };
    return Promise.resolve({ status: "running", ...health });
  },
};

/** A plugin in one version, which clients name with and without it. */
export function versionOf({ name, version }: Pick<PluginInterface, "name" | "version">): string {
  return `${name}@${version}`;
}

/** A caller gives up calls of its own, an operator those of everybody. */
async function cancel({ body }: GatewayRequest, { handle, calls, client, role }: OperationTarget): Promise<boolean> {
  const callId = body.call_id as string | undefined;
  if (role === "operator" && callId === undefined) return await handle.cancel();
  return calls.cancel({
    plugin: versionOf(handle),
    ...callId === undefined ? {} : { callId },
    ...role === "operator" ? {} : { client },
  });
}

/** Nobody answers for another client. */
function answer(given: CallbackAnswer, { handle, calls, client }: OperationTarget): boolean {
  return calls.answer({ plugin: versionOf(handle), client, callId: given.call_id }, given);
}

function isOwn(endpoint: RequestEndpoint): endpoint is OwnEndpoint {
  return Object.hasOwn(ANSWERS, endpoint);
}
