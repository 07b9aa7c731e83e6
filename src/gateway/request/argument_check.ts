/**
 * Whether arguments are what the plugin says that it takes.
 *
 * @module
 */
import { checkWithin, MAX_CHECK_MS } from "../../manager/bounded_check.ts";
import type { PluginManager } from "../../manager/plugin_manager.ts";
import { signatureAt } from "../../plugin/told_signatures.ts";
import type { JsonSchema } from "../../plugin/type_schema.ts";
import { isRecord } from "../../protocol/json.ts";
import type { MethodSignature } from "../../protocol/messages.ts";
import type { CalledMethod } from "./call_body.ts";

/** How long a plugin may take to say what it takes, its start included, in milliseconds. */
const MAX_WAIT_MS = 30_000;

/** A call's body, and whose it is. */
interface CheckedCall extends CalledMethod {
  readonly body: Readonly<Record<string, unknown>>;
}

/** What is wrong with the arguments of a call by the plugin's own signature; `undefined` when nothing is, or when the plugin does not say what it takes. */
export async function argumentProblem({ plugin, endpoint, body }: CheckedCall, manager: PluginManager): Promise<string | undefined> {
  const { arguments: named, positional } = await signatureOf({ plugin, endpoint }, manager);
  if (named === undefined) return undefined;
  return await problemWith(body.kwargs ?? {}, named) ?? await problemWith(body.args ?? [], positional ?? NONE);
}

/** What can be given by name is described so. */
const NONE: JsonSchema = { type: "array", maxItems: 0 };

/** A plugin that cannot be asked is called all the same, and its call fails with the reason. */
async function signatureOf({ plugin, endpoint }: CalledMethod, manager: PluginManager): Promise<MethodSignature> {
  try {
    return signatureAt(await manager.get(plugin).getSignatures({ timeoutMs: MAX_WAIT_MS }), endpoint) ?? {};
  } catch {
    return {};
  }
}

async function problemWith(value: unknown, schema: JsonSchema): Promise<string | undefined> {
  const finding = await checkWithin(schema, JSON.stringify(value, plain));
  if (finding === undefined) return `The check of the arguments takes longer than ${MAX_CHECK_MS} ms`;
  return finding.problems.length === 0 ? undefined : `The arguments are wrong: ${finding.problems.join("; ")}`;
}

/** A file is a text to a schema, whatever is in it. */
function plain(_name: string, value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  const isFile = isRecord(value) && Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null;
  return isFile ? "" : value;
}
