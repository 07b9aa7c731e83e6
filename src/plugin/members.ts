/**
 * The members of a plugin: what they are for their callers, and which endpoint each of them asks.
 *
 * @module
 */
import {
  type Endpoint,
  endpointRule,
  type ExtensionEndpoint,
  isMethodEndpoint,
  methodEndpoint,
  type MethodKind,
  type RequestEndpoint,
} from "../protocol/endpoints.ts";
import type { SignaturesBody, StatsBody } from "../protocol/messages.ts";
import type { CallOptions, Kwargs, OperationOptions, PluginConfig, Progress } from "./interface.ts";

/** A plugin, wherever it runs. */
export interface PluginInterface extends AsyncDisposable {
  /** The plugin's name, as it says itself. */
  readonly name: string;
  /** The plugin's version, as it says itself. */
  readonly version: string;
  /** Gives the plugin its configuration. Optional: a plugin that needs it says so by its own error. */
  initialize(config?: PluginConfig, options?: OperationOptions): Promise<void>;
  /** Calls the plugin and waits for its result. */
  execute<Result = unknown>(kwargs?: Kwargs, options?: CallOptions): Promise<Result>;
  /** Calls the plugin and yields what it produces, as it is produced. Leaving the loop cancels the call. */
  executeStream<Chunk = unknown>(kwargs?: Kwargs, options?: CallOptions): AsyncGenerator<Chunk, void, void>;
  /** Calls one of the plugin's own methods by its name, and waits for its result. */
  call<Result = unknown>(method: string, kwargs?: Kwargs, options?: CallOptions): Promise<Result>;
  /** Calls one of the plugin's own methods by its name, and yields what it produces, as it is produced. Leaving the loop cancels the call. */
  stream<Chunk = unknown>(method: string, kwargs?: Kwargs, options?: CallOptions): AsyncGenerator<Chunk, void, void>;
  /** The JSON Schema of the configuration; `{}` when the plugin has none. */
  getConfigSchema(options?: OperationOptions): Promise<Record<string, unknown>>;
  /** The configuration as the plugin has it now; `{}` when it tells none. */
  getCurrentConfig(options?: OperationOptions): Promise<Record<string, unknown>>;
  /** What the plugin's methods take and give, in JSON Schema, as far as it says. */
  getSignatures(options?: OperationOptions): Promise<SignaturesBody>;
  /** What the worker uses. */
  getStats(options?: OperationOptions): Promise<StatsBody>;
  /** Whether the worker answers. False after `cleanup()`, and when no answer comes within two seconds. */
  isAlive(): Promise<boolean>;
  /** Cancels every call that runs or waits in the worker. False when there was none. */
  cancel(options?: OperationOptions): Promise<boolean>;
  /** How far the call that started last has come. */
  getProgress(options?: OperationOptions): Promise<Progress>;
  /** Lets the plugin download or load ahead of the first call. False when it has nothing to prefetch. */
  prefetch(options?: OperationOptions): Promise<boolean>;
  /** Gives a plugin that is initialized another configuration. */
  reconfigure(config: PluginConfig, options?: OperationOptions): Promise<void>;
  /** Asks for what not every worker has, for example `task`, with a body of `{ task, method, kwargs }`: section 9 of `docs/protocol.md` has all. */
  extension<Result = unknown>(
    endpoint: ExtensionEndpoint,
    body?: Readonly<Record<string, unknown>>,
    options?: OperationOptions,
  ): Promise<Result>;
  /** Lets the plugin go, and its worker when this host has started it. Calling it again is harmless. */
  cleanup(): Promise<void>;
}

/** One member. */
interface MemberRule {
  /** Which endpoint it asks. `call()`, `stream()` and `extension()` are given their endpoints, and stand in no table. */
  readonly endpoint: Endpoint;
  /**
   * For a member that takes nothing and gives the answer as it comes: who answers. What the worker says itself is an object, or the worker is broken;
   * what the plugin says is whatever it likes.
   */
  readonly asks?: "worker" | "plugin";
}

/** The members that have an endpoint of their own. A member without `asks` has a method of its own in `remote_plugin.ts`. */
export const MEMBERS = {
  initialize: { endpoint: "initialize" },
  execute: { endpoint: "execute" },
  executeStream: { endpoint: "execute_stream" },
  getConfigSchema: { endpoint: "config_schema", asks: "plugin" },
  getCurrentConfig: { endpoint: "config", asks: "plugin" },
  getSignatures: { endpoint: "signatures", asks: "worker" },
  getStats: { endpoint: "stats", asks: "worker" },
  getProgress: { endpoint: "progress", asks: "worker" },
  isAlive: { endpoint: "health" },
  cancel: { endpoint: "cancel" },
  prefetch: { endpoint: "prefetch" },
  reconfigure: { endpoint: "reconfigure" },
  cleanup: { endpoint: "cleanup" },
} as const satisfies Readonly<Record<Exclude<MethodOf<PluginInterface>, Addressed>, MemberRule>>;

type MethodOf<Face> = {
  [Name in keyof Face & string]: Face[Name] extends (...given: never[]) => unknown ? Name : never;
}[keyof Face & string];

/** The members that are told by their caller which endpoint to ask. */
type Addressed = "call" | "stream" | "extension";

/** The name of a member that has an endpoint of its own. */
export type Member = keyof typeof MEMBERS;

/** The name of a member that takes nothing and gives the answer as it comes. */
export type Question = { [Name in Member]: (typeof MEMBERS)[Name] extends { asks: string } ? Name : never }[Member];

/** What a question gives. */
export type Answer<Name extends Question> = Awaited<ReturnType<PluginInterface[Name]>>;

/** The members as a blocking face has them: nothing can abort them, and they give what the others promise. */
export type BlockingFace = {
  readonly [Name in Member | Addressed]: (
    ...given: Blocking<Parameters<PluginInterface[Name]>>
  ) => Blocked<ReturnType<PluginInterface[Name]>>;
};

type Blocking<Given extends readonly unknown[]> = { [At in keyof Given]: WithoutSignal<Given[At]> };
type WithoutSignal<Given> = "signal" extends keyof NonNullable<Given> ? Omit<NonNullable<Given>, "signal"> | Extract<Given, undefined>
  : Given;
type Blocked<Given> = Given extends AsyncGenerator<infer Chunk, infer Result, infer Sent> ? Generator<Chunk, Result, Sent> : Awaited<Given>;

/** The endpoint of a question. */
export type QuestionEndpoint = (typeof MEMBERS)[Question]["endpoint"];

const QUESTIONS: ReadonlyMap<string, Question> = new Map(
  Object.entries(MEMBERS).filter(([, rule]) => "asks" in rule).map(([name, { endpoint }]) => [endpoint, name as Question]),
);

/** The member that asks an endpoint and gives the answer as it comes, if there is one. */
export function questionAt(endpoint: RequestEndpoint): Question | undefined {
  return isMethodEndpoint(endpoint) ? undefined : QUESTIONS.get(endpoint);
}

/** What a worker is asked for, and under which name its errors speak of it. */
export interface MemberOperation<Where extends RequestEndpoint = RequestEndpoint> {
  readonly endpoint: Where;
  readonly member: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** What a member asks for. */
export function operationOf<Name extends Member>(
  member: Name,
  body?: Readonly<Record<string, unknown>>,
): MemberOperation<(typeof MEMBERS)[Name]["endpoint"]> {
  return { endpoint: MEMBERS[member].endpoint, member, body };
}

/** How much of a method's name errors show, in characters. */
const MAX_SHOWN = 100;

/** What `call()` and `stream()` ask for. Errors name the method. */
export function methodOf(kind: MethodKind, method: string, body: Readonly<Record<string, unknown>>): MemberOperation {
  const member = typeof method === "string" ? method.slice(0, MAX_SHOWN) : typeof method;
  return { endpoint: methodEndpoint(kind, method), member, body };
}

/** What `extension()` asks for. */
export function extensionOf(endpoint: ExtensionEndpoint, body?: Readonly<Record<string, unknown>>): MemberOperation {
  return { endpoint, member: `extension("${endpoint}")`, body: endpointRule(endpoint).method === "GET" ? undefined : body };
}

/** The questions, for a face that has one way to ask them. */
export abstract class Questions implements Pick<PluginInterface, Question> {
  /** Asks one of them. */
  protected abstract ask<Name extends Question>(member: Name, options?: OperationOptions): Promise<Answer<Name>>;

  getConfigSchema(options?: OperationOptions): Promise<Record<string, unknown>> {
    return this.ask("getConfigSchema", options);
  }

  getCurrentConfig(options?: OperationOptions): Promise<Record<string, unknown>> {
    return this.ask("getCurrentConfig", options);
  }

  getSignatures(options?: OperationOptions): Promise<SignaturesBody> {
    return this.ask("getSignatures", options);
  }

  getStats(options?: OperationOptions): Promise<StatsBody> {
    return this.ask("getStats", options);
  }

  getProgress(options?: OperationOptions): Promise<Progress> {
    return this.ask("getProgress", options);
  }
}
