/**
 * A thread that makes one check of a value by a schema. `deno task embed` bundles it into `worker/generated/schema_thread.ts`, so that it needs no permission
 * to load anything.
 *
 * @module
 */
import { answerHost } from "../transport/asked_thread.ts";
import { checkValue, type JsonSchema } from "./schema_check.ts";

/** What is to be checked: the value as JSON. */
export interface CheckOrder {
  readonly schema: JsonSchema;
  readonly json: string;
}

answerHost(({ schema, json }: CheckOrder) => checkValue(schema, JSON.parse(json)));
