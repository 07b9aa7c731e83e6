/**
 * The schemas of what a gateway itself answers.
 *
 * @module
 */
import type { JsonSchema } from "../../plugin/type_schema.ts";

const TEXT: JsonSchema = { type: "string" };
const NUMBER: JsonSchema = { type: "number" };
const COUNT: JsonSchema = { type: "integer", minimum: 0 };
const ANY_OBJECT: JsonSchema = { type: "object" };

/** A request with another member is refused. */
const CLOSED: JsonSchema = { additionalProperties: false };

/** All members are needed but those whose names end in a question mark. */
function object(members: Readonly<Record<string, JsonSchema>>, more: JsonSchema = {}): JsonSchema {
  const named = Object.entries(members).map(([name, schema]) => [name.replace(/\?$/, ""), schema]);
  return {
    type: "object",
    properties: Object.fromEntries(named),
    required: Object.keys(members).filter((name) => !name.endsWith("?")),
    ...more,
  };
}

/** A list of what a component says. */
export function listOf(component: OwnSchema): JsonSchema {
  return { type: "array", items: reference(component) };
}

/** Where a component stands. */
export function reference(component: OwnSchema): JsonSchema {
  return { $ref: `#/components/schemas/${component}` };
}

/** The name of a component. */
export type OwnSchema = keyof typeof OWN_SCHEMAS;

const BATCH = object({ max_size: COUNT, max_wait_ms: COUNT }, { description: "How calls are gathered, to run together" });

/** The components that do not depend on plugins. */
export const OWN_SCHEMAS = {
  Problem: object({
    type: { ...TEXT, description: "Which kind of problem it is" },
    title: { ...TEXT, description: "The kind in words" },
    status: { type: "integer", description: "The status of HTTP" },
    detail: { ...TEXT, description: "What happened, and what to do" },
    code: { ...TEXT, description: "Why, as a word that programs can compare" },
    "_job_error?": { ...ANY_OBJECT, description: "The plugin's own error: section 5 of the protocol" },
  }, { description: "Why a request failed (RFC 9457)" }),
  PluginInfo: object({
    name: TEXT,
    version: TEXT,
    runtime: { enum: ["python", "deno"] },
    "source?": { ...TEXT, description: "The manifest" },
    state: object({
      kind: { enum: ["registered", "starting", "running", "reloading", "stopping", "failed", "disabled"] },
      "workers?": COUNT,
    }),
    queued: {
      type: "array",
      items: object({ "reason?": TEXT, sinceMs: COUNT }),
      description: "The starts of workers that wait to be placed on their cluster, and for how long",
    },
    isOutdated: { type: "boolean", description: "Whether the manifest has changed since its workers were started" },
    maxConcurrency: COUNT,
    "batch?": BATCH,
    warnings: { type: "array", items: TEXT },
    "signatures?": {
      ...ANY_OBJECT,
      description: "What its methods take and give, if it is asked for alone and has a worker that can tell",
    },
  }, { description: "What is known of a plugin without starting it" }),
  GatewayStats: object({ plugins: { type: "array", items: ANY_OBJECT }, total: ANY_OBJECT }, { description: "What all plugins use" }),
  PluginStats: object({
    pid: COUNT,
    cpu_percent: NUMBER,
    memory_rss_mb: NUMBER,
    "gpu_memory_mb?": NUMBER,
    uptime_s: NUMBER,
    calls: object({ running: COUNT, queued: COUNT, finished: COUNT }),
  }, { description: "What a plugin's workers use" }),
  Progress: object({
    progress: { ...NUMBER, description: "From 0 to 1, or -1 when the plugin cannot tell" },
    message: TEXT,
  }, { description: "How far the call that began last has come" }),
  Health: object({
    status: TEXT,
    name: TEXT,
    version: TEXT,
    protocol: COUNT,
    max_concurrency: COUNT,
    "batch?": BATCH,
    calls: object({ running: COUNT, queued: COUNT }),
  }),
  Ready: object({ name: TEXT, version: TEXT }, { description: "The plugin is loaded" }),
  Signatures: object({ "execute?": ANY_OBJECT, "execute_stream?": ANY_OBJECT, "methods?": ANY_OBJECT }, {
    description: "What the plugin's methods take and give",
  }),
  Cancelled: object({ status: { enum: ["cancelled", "not_running"] } }),
  CancelRequest: object({ "call_id?": { ...TEXT, description: "Which call; all that the client may cancel when it is left out" } }, CLOSED),
  Done: object({ status: TEXT }),
  AnyObject: ANY_OBJECT,
} as const satisfies Readonly<Record<string, JsonSchema>>;
