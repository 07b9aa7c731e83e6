/**
 * The parts of OpenAPI 3.1 that a gateway's description has.
 *
 * @module
 */
import type { JsonSchema } from "../../plugin/type_schema.ts";

/** Values by their media types. */
export type Content = Readonly<Record<string, { readonly schema?: JsonSchema; readonly encoding?: Readonly<Record<string, unknown>> }>>;

/** What an operation takes outside of its body. */
export type Parameter =
  | { readonly $ref: string }
  | {
    readonly name: string;
    readonly in: "query" | "header" | "path";
    readonly description: string;
    readonly required: boolean;
    readonly schema?: JsonSchema;
    readonly content?: Content;
  };

/** What an operation answers. */
export type Response = { readonly $ref: string } | {
  readonly description: string;
  readonly content?: Content;
  readonly headers?: Readonly<Record<string, unknown>>;
};

/** One method at one path. */
export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Response>>;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
}

/** What one path has, by the method of HTTP in lower case. */
export type PathItem = Readonly<Record<string, Operation>>;

/** A whole description. */
export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
}

/** The media type of lines of JSON. */
export const NDJSON_MEDIA_TYPE = "application/x-ndjson";
