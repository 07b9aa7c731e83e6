/**
 * What a gateway has, as an OpenAPI document.
 *
 * @module
 */
import { PACKAGE_VERSION } from "../../protocol/version.ts";
import { Components } from "./components.ts";
import { PROBLEM_MEDIA_TYPE } from "../reply/problem.ts";
import type { OpenApiDocument, PathItem } from "./openapi.ts";
import { listOf, OWN_SCHEMAS, reference } from "./own_schemas.ts";
import { answers, type DescribedPlugin, pluginPaths, withProblems } from "./plugin_paths.ts";

const DESCRIPTION = [
  "Calls plugins over HTTP. Every request carries a token: `Authorization: Bearer …`.",
  "",
  "A call takes its arguments as JSON, in `kwargs`; as a form, one field an argument, where files are files; or as the one file that it takes, with the other " +
  "arguments in the URL. It gives JSON, or a file as what it is.",
].join("\n");

const METRICS = withProblems({ 200: { description: "The figures", content: { "text/plain": { schema: { type: "string" } } } } });

const READY = { ...answers("Done"), 503: answers("Done")[200]! };

/** The paths that a gateway itself has. */
const OWN_PATHS: Readonly<Record<string, PathItem>> = {
  "/": { get: { operationId: "plugins", tags: ["gateway"], summary: "The plugins", responses: answers(listOf("PluginInfo")) } },
  "/health": {
    get: { operationId: "health", tags: ["gateway"], summary: "Whether the gateway is there", responses: answers("Done"), security: [{}] },
  },
  "/ready": {
    get: { operationId: "ready", tags: ["gateway"], summary: "Whether it takes calls", responses: READY, security: [{}] },
  },
  "/metrics": { get: { operationId: "metrics", tags: ["gateway"], summary: "Figures for Prometheus", responses: METRICS } },
  "/stats": { get: { operationId: "stats", tags: ["gateway"], summary: "What all plugins use", responses: answers("GatewayStats") } },
};

/** Describes a gateway of these plugins. Paths are relative to where the document is. */
export function openApiDocument(plugins: readonly DescribedPlugin[]): OpenApiDocument {
  const components = new Components();
  const paths = Object.assign({}, OWN_PATHS, ...plugins.map((plugin) => pluginPaths(plugin, components)));
  return {
    openapi: "3.1.0",
    info: { title: "Remote Plugin Proxy", version: PACKAGE_VERSION, description: DESCRIPTION },
    servers: [{ url: "." }],
    tags: [
      ...plugins.map(({ name, version, problem }) => ({
        name,
        description: `Version ${version}${problem === undefined ? "" : `. ${problem}`}`,
      })),
      { name: "gateway" },
    ],
    security: [{ caller: [] }, { operator: [] }],
    paths,
    components: {
      schemas: { ...OWN_SCHEMAS, ...components.schemas },
      responses: { Problem: { description: "Why it failed", content: { [PROBLEM_MEDIA_TYPE]: { schema: reference("Problem") } } } },
      parameters: { CallId: CALL_ID_PARAMETER },
      securitySchemes: {
        caller: { type: "http", scheme: "bearer", description: "The token of those who call plugins" },
        operator: { type: "http", scheme: "bearer", description: "The token of those who see to plugins as well" },
      },
    },
  };
}

const CALL_ID_PARAMETER = {
  name: "remote-plugin-call",
  in: "header",
  required: false,
  description: "Names the call, so that it can be given up by `cancel`. Of two open calls with one name the second is refused",
  schema: { type: "string", pattern: "^[!-~]{1,128}$" },
};
