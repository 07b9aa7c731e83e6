/**
 * A thread that makes one check of a value by a schema. `deno task embed` bundles it into `schema_thread_source.ts`, so that it needs no permission
 * to load anything.
 *
 * @module
 */
import { checkValue, type JsonSchema } from "./_schema_check.ts";

/** What is to be checked: the value as JSON. */
export interface CheckOrder {
  readonly schema: JsonSchema;
  readonly json: string;
}

const thread = globalThis as unknown as {
  onmessage: (event: MessageEvent<CheckOrder>) => void;
  postMessage(message: unknown): void;
};
thread.onmessage = ({ data: { schema, json } }) => thread.postMessage(checkValue(schema, JSON.parse(json)));
thread.postMessage("ready");
