/**
 * The endpoints that run a plugin's own code: which of its methods each runs, and how.
 *
 * @module
 */
import { type CallEndpoint, isMethodEndpoint, type MethodEndpoint } from "../../protocol/endpoints.ts";
import type { Kwargs, MaybePromise, Plugin } from "../define_plugin.ts";
import { errorBody, PluginFailure } from "./error_body.ts";
import { type FrameLine, plainResultLine, valueLine } from "./frame_line.ts";
import { isIterable, isIterator, type Items } from "./iterables.ts";
import type { MethodNames } from "./methods.ts";
import type { CallOrder, QuestionEndpoint } from "./plugin_runner.ts";
import type { RunningCall } from "./running_call.ts";
import { signaturesOf } from "./signatures.ts";

/** Runs a plugin's code for a call, and gives the last frame. It throws what the plugin throws. */
type RunCall = (plugin: Plugin, call: RunningCall) => Promise<FrameLine>;

interface CallRule {
  /** The method whose presence `GET /ready` tells. */
  readonly method: keyof Plugin;
  readonly run: RunCall;
}

/** What a call runs. */
export function runOf(endpoint: CallEndpoint, methods: MethodNames): RunCall {
  return isMethodEndpoint(endpoint) ? runOfMethod(endpoint, methods) : CALLS[endpoint].run;
}

/** The calls of endpoints that every plugin has. */
const CALLS: Readonly<Record<Exclude<CallEndpoint, MethodEndpoint>, CallRule>> = {
  initialize: {
    method: "initialize",
    run: async (plugin, { body, context }) => {
      if (plugin.initialize === undefined && Object.keys(body).length > 0) throw notSupported("initialize");
      await plugin.initialize?.(body, context);
      return plainResultLine({ status: "ok" });
    },
  },
  execute: { method: "execute", run: execute },
  execute_stream: { method: "executeStream", run: executeStream },
  prefetch: {
    method: "prefetch",
    run: async (plugin, { context }) => {
      if (plugin.prefetch === undefined) return NOT_SUPPORTED;
      await plugin.prefetch(context);
      return plainResultLine({ status: "prefetched" });
    },
  },
  reconfigure: {
    method: "reconfigure",
    run: async (plugin, { body, context }) => {
      if (plugin.reconfigure === undefined) return NOT_SUPPORTED;
      await plugin.reconfigure(members(body["old_config"]), members(body["new_config"]), context);
      return plainResultLine({ status: "reconfigured" });
    },
  },
  cleanup: {
    method: "cleanup",
    run: async (plugin, { context }) => {
      await plugin.cleanup?.(context);
      return plainResultLine({ status: "cleaned" });
    },
  },
};

interface QuestionRule {
  readonly method?: keyof Plugin;
  readonly ask: (plugin: Plugin, methods: MethodNames) => MaybePromise<unknown>;
}

/** What a plugin is asked without a turn. */
export const QUESTIONS: Readonly<Record<QuestionEndpoint, QuestionRule>> = {
  config_schema: {
    method: "getConfigSchema",
    ask: (plugin) => plugin.getConfigSchema === undefined ? plugin.configSchema : plugin.getConfigSchema(),
  },
  config: { method: "getCurrentConfig", ask: (plugin) => plugin.getCurrentConfig?.() },
  signatures: { ask: signaturesOf },
};

/** The endpoints for which a plugin has a method of its own. */
export function methodsOf(plugin: Plugin, { batches = false } = {}): string[] {
  const has = (name: keyof Plugin) => hasMethod(plugin, name) || (batches && name === "execute");
  const rules: [string, { readonly method?: keyof Plugin }][] = [
    ...Object.entries(CALLS),
    ...Object.entries(QUESTIONS),
    ["cancel", { method: "cancel" }],
  ];
  return rules.filter(([, { method }]) => method !== undefined && has(method)).map(([endpoint]) => endpoint);
}

/** Whether a plugin has a method. */
export function hasMethod(plugin: object, name: keyof Plugin): boolean {
  return typeof (plugin as Plugin)[name] === "function";
}

async function execute(plugin: Plugin, call: RunningCall): Promise<FrameLine> {
  if (plugin.execute === undefined) throw notSupported("execute", instead(plugin));
  return await whole(call, await plugin.execute(kwargsOf(call), call.context));
}

function runOfMethod(endpoint: MethodEndpoint, methods: MethodNames): RunCall {
  const [kind, path = ""] = endpoint.split("/", 2);
  return async (plugin, call) => {
    const name = methods.get(path);
    const method: unknown = name && (plugin as Readonly<Record<string, unknown>>)[name];
    if (typeof method !== "function") throw noSuchMethod(path, methods);
    const result: unknown = await method.call(plugin, kwargsOf(call), call.context);
    return kind === "call" ? await whole(call, result) : await pieces(call, result);
  };
}

/** What a method has given, as one result: of an iterator the list of its items. */
function whole(call: RunningCall, result: unknown): Promise<FrameLine> {
  const line = (value: unknown) => valueLine("result", value, call.outbox);
  return isIterator(result) ? call.collect(result).then(line) : line(result);
}

/** The same piece by piece: what is no iterator is one piece. */
async function pieces(call: RunningCall, result: unknown): Promise<FrameLine> {
  await call.stream(isIterator(result) ? result : [result]);
  return plainResultLine(null);
}

async function executeStream(plugin: Plugin, call: RunningCall): Promise<FrameLine> {
  if (plugin.executeStream === undefined) {
    if (plugin.execute === undefined) throw notSupported("executeStream");
    return await pieces(call, await plugin.execute(kwargsOf(call), call.context));
  }
  const stream: unknown = await plugin.executeStream(kwargsOf(call), call.context);
  if (!isIterable(stream)) throw new TypeError('"executeStream" must return an iterable, such as a generator does');
  await call.stream(stream);
  return plainResultLine(null);
}

/** What a plugin without "execute" has in its place. */
function instead({ executeStream, executeBatch }: Plugin): string | undefined {
  if (executeStream !== undefined) return 'Call "executeStream"';
  return executeBatch && 'It has "executeBatch", which is called when the manifest has "batch"';
}

/**
 * Answers calls together: an answer for each, which may be an error.
 *
 * @throws {PluginFailure} With `bad_result`, when there is not one for each.
 */
export async function executeBatch(plugin: Plugin, calls: readonly RunningCall[]): Promise<readonly unknown[]> {
  const given: unknown = await plugin.executeBatch!(calls.map(kwargsOf), calls.map(({ context }) => context));
  const answers = isIterator(given) ? await collected(given) : given;
  if (!Array.isArray(answers)) {
    throw badAnswers(`"executeBatch" gave a value of type "${typeof answers}"; wanted is a list with an answer for each item`);
  }
  if (answers.length === calls.length) return answers;
  throw badAnswers(`"executeBatch" gave ${answers.length} answers to ${calls.length} items; wanted is one for each, in their order`);
}

/** The last frame of a call that was answered with others. */
export async function answerLine(answer: unknown, { endpoint }: CallOrder, call: RunningCall): Promise<FrameLine> {
  if (answer instanceof Error) throw answer;
  if (endpoint !== "execute_stream") return await valueLine("result", answer, call.outbox);
  await call.stream([answer]);
  return plainResultLine(null);
}

async function collected(items: Items): Promise<unknown[]> {
  const list: unknown[] = [];
  for await (const item of items) list.push(item);
  return list;
}

function badAnswers(message: string): PluginFailure {
  return new PluginFailure({ ...errorBody("bad_result", new TypeError(message)), type: "BadResult", traceback: "" });
}

const NOT_SUPPORTED = plainResultLine({ status: "not_supported" });

function kwargsOf({ body }: RunningCall): Kwargs {
  return members(body["kwargs"]);
}

function members(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}

function notSupported(missing: string, instead?: string): PluginFailure {
  const advice = instead === undefined ? "" : `. ${instead}`;
  return new PluginFailure(errorBody("not_supported", new NotSupportedError(`The plugin has no "${missing}"${advice}`)));
}

/** The host says which one may have been meant. */
function noSuchMethod(path: string, methods: MethodNames): PluginFailure {
  const body = errorBody("not_supported", new NotSupportedError(`The plugin has no method "${path}"`));
  return new PluginFailure({ ...body, known: [...methods.values()].sort() });
}

class NotSupportedError extends Error {
  override name = "NotSupportedError";
  // The plugin took no part in it.
  override stack = "";
}
