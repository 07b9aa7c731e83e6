/**
 * What a gateway has below the name of a plugin, as OpenAPI describes it.
 *
 * @module
 */
import type { JsonSchema } from "../../plugin/type_schema.ts";
import { type CalledEndpoint, isStreamEndpoint, methodEndpoint, type MethodKind } from "../../protocol/endpoints.ts";
import type { MethodSignature, SignaturesBody } from "../../protocol/messages.ts";
import { callOperation } from "./call_operation.ts";
import { componentName, type Components } from "./components.ts";
import type { Operation, Parameter, PathItem, Response } from "./openapi.ts";
import { type OwnSchema, reference } from "./own_schemas.ts";

/** A plugin that is described. */
export interface DescribedPlugin {
  /** What it is called. */
  readonly name: string;
  /** Its version. */
  readonly version: string;
  /** What its methods take and give; `undefined` where that is not known. */
  readonly signatures: SignaturesBody | undefined;
  /** The schema of its configuration; `undefined` where it has none, or it is not known. */
  readonly configSchema: JsonSchema | undefined;
  /** Why not all is known of it. */
  readonly problem?: string;
}

/** The security of what takes an operator. */
const OPERATOR = [{ operator: [] }];

const CALL_ID = [{ $ref: "#/components/parameters/CallId" }];

/** What is asked and answered by the gateway and the worker themselves, by the path's last part. */
const QUESTIONS: Readonly<Record<string, readonly [summary: string, answer: OwnSchema]>> = {
  health: ["Whether it is there", "Health"],
  ready: ["Loads it", "Ready"],
  stats: ["What its workers use", "PluginStats"],
  progress: ["How far its last call has come", "Progress"],
  signatures: ["What its methods take and give", "Signatures"],
  config_schema: ["The schema of its configuration", "AnyObject"],
  config: ["Its configuration", "AnyObject"],
};

/** The paths of one plugin. */
export function pluginPaths(plugin: DescribedPlugin, components: Components): Record<string, PathItem> {
  const { name } = plugin;
  const base = `/${encodeURIComponent(name)}`;
  const about = (id: string, summary: string): Pick<Operation, "operationId" | "tags" | "summary"> => ({
    operationId: `${componentName(name)}_${id}`,
    tags: [name],
    summary,
  });
  const questions = Object.entries(QUESTIONS).map(([id, [summary, answer]]): [string, PathItem] => [
    `${base}/${id}`,
    { get: { ...about(id, summary), responses: answers(answer) } },
  ]);
  return {
    [base]: { get: { ...about("info", "What is known of it without starting it"), responses: answers("PluginInfo") } },
    ...callPaths(plugin, { base, about, components }),
    [`${base}/cancel`]: {
      post: { ...about("cancel", "Gives up a call, or all of the client's"), requestBody: cancelBody(), responses: answers("Cancelled") },
    },
    ...Object.fromEntries(questions),
    ...operatorPaths(plugin, { base, about, components }),
    ...managementPaths(base, about),
  };
}

/** What all paths of a plugin are described with. */
interface PathContext {
  /** The path of the plugin. */
  readonly base: string;
  /** What is said of an operation. */
  readonly about: (id: string, summary: string) => Pick<Operation, "operationId" | "tags" | "summary">;
  readonly components: Components;
}

/** A plugin of which nothing is known may have both methods. */
function callPaths({ name, signatures }: DescribedPlugin, { base, about, components }: PathContext): Record<string, PathItem> {
  const known: SignaturesBody = signatures ?? { execute: {}, execute_stream: {} };
  const operation = (endpoint: CalledEndpoint, signature: MethodSignature): PathItem => {
    const { parameters = [], responses, ...others } = callOperation({ plugin: name, endpoint, signature }, components);
    const description = signature.description ?? "";
    const summary = description.split("\n", 1)[0] ||
      (isStreamEndpoint(endpoint) ? "Calls it, and gives what it gives piece by piece" : "Calls it");
    const told = description.includes("\n") ? { description } : {};
    return {
      post: {
        ...about(componentName(endpoint), summary),
        ...told,
        parameters: [...CALL_ID, ...parameters],
        ...others,
        responses: withProblems(responses),
      },
    };
  };
  const methods = Object.entries(known.methods ?? {}).flatMap(([name, signature]) => {
    const kinds: MethodKind[] = signature.chunk === undefined ? ["call"] : ["call", "stream"];
    return kinds.map((kind) => [`${base}/${methodEndpoint(kind, name)}`, operation(methodEndpoint(kind, name), signature)]);
  });
  return {
    ...Object.fromEntries(methods),
    ...known.execute && { [`${base}/execute`]: operation("execute", known.execute) },
    ...known.execute_stream && { [`${base}/execute_stream`]: operation("execute_stream", known.execute_stream) },
  };
}

/** What changes the plugin for everybody. */
function operatorPaths(
  { name, configSchema = { type: "object" } }: DescribedPlugin,
  { base, about, components }: PathContext,
): Record<string, PathItem> {
  const config = components.copy({ root: configSchema, prefix: `${name}.config` });
  const json = (schema: JsonSchema): Operation["requestBody"] => ({ required: false, content: { "application/json": { schema } } });
  const changed = { type: "object", properties: { new_config: config }, additionalProperties: false };
  const operations: readonly [id: string, summary: string, body?: Operation["requestBody"]][] = [
    ["initialize", "Configures it", json(config)],
    ["reconfigure", "Gives it another configuration", json(changed)],
    ["prefetch", "Lets it load ahead of the first call"],
    ["cleanup", "Lets go of it"],
  ];
  return Object.fromEntries(operations.map(([id, summary, requestBody]) => [
    `${base}/${id}`,
    {
      post: {
        ...about(id, summary),
        ...requestBody && { requestBody },
        responses: answers("Done"),
        ...id === "prefetch" ? {} : { security: OPERATOR },
      },
    },
  ]));
}

/** What is done to a plugin, by the path's last part. */
const MANAGEMENT: Readonly<Record<string, string>> = {
  load: "Starts its workers",
  unload: "Ends its workers, once their calls have ended",
  reload: "Starts new workers in the place of those that it has",
  enable: "Takes calls again",
  disable: "Refuses calls",
};

function managementPaths(base: string, about: PathContext["about"]): Record<string, PathItem> {
  return Object.fromEntries(
    Object.entries(MANAGEMENT).map(([id, summary]): [string, PathItem] => [
      `${base}/${id}`,
      {
        post: {
          ...about(id, summary),
          ...id === "unload" ? { parameters: [FORCE] } : {},
          responses: answers("PluginInfo"),
          security: OPERATOR,
        },
      },
    ]),
  );
}

const FORCE: Parameter = {
  name: "force",
  in: "query",
  required: false,
  description: "Whether calls that are open are cancelled",
  schema: { type: "boolean" },
};

function cancelBody(): Operation["requestBody"] {
  return { required: false, content: { "application/json": { schema: reference("CancelRequest") } } };
}

/** The answers of an operation that gives a component. */
export function answers(component: OwnSchema | JsonSchema): Readonly<Record<string, Response>> {
  const schema = typeof component === "string" ? reference(component) : component;
  return withProblems({ 200: { description: "The answer", content: { "application/json": { schema } } } });
}

/** With all that may go wrong at every path. */
export function withProblems(responses: Readonly<Record<string, Response>>): Readonly<Record<string, Response>> {
  return { ...responses, default: { $ref: "#/components/responses/Problem" } };
}
