/**
 * What the body of a request may hold.
 *
 * @module
 */
import { type Endpoint, type ExtensionEndpoint, isMethodEndpoint, type RequestEndpoint } from "../../protocol/endpoints.ts";
import { isRecord } from "../../protocol/json.ts";

/** The members of bodies, by endpoint. That of `initialize` is the configuration itself, and those of extensions are the worker's affair. */
const MEMBERS: Readonly<Partial<Record<Endpoint | ExtensionEndpoint, readonly string[]>>> = {
  execute: ["kwargs", "args"],
  execute_stream: ["kwargs", "args"],
  cancel: ["call_id", "behind"],
  reconfigure: ["new_config"],
};

const SHAPES: Readonly<Record<string, readonly [isRight: (value: unknown) => boolean, shape: string]>> = {
  kwargs: [isRecord, "an object"],
  new_config: [isRecord, "an object"],
  args: [Array.isArray, "a list"],
  call_id: [(value) => typeof value === "string", "a text"],
};

/** How strictly a body is read. */
export interface BodyRules {
  /** Whether it may have members that are not known here. */
  readonly takesUnknown: boolean;
}

/** Why a body cannot be meant as it is written; `undefined` when it can. What is passed over would be missed by nobody but whoever wrote it. */
export function bodyProblem(
  endpoint: RequestEndpoint,
  body: Readonly<Record<string, unknown>>,
  { takesUnknown }: BodyRules,
): string | undefined {
  const members = isMethodEndpoint(endpoint) ? MEMBERS.execute : MEMBERS[endpoint];
  if (members === undefined) return undefined;
  for (const [name, value] of Object.entries(body)) {
    if (!members.includes(name)) {
      if (takesUnknown) continue;
      return `The body of "${endpoint}" has no member "${name}". ${advice(members, name)}`;
    }
    const [isRight, shape] = SHAPES[name] ?? [];
    if (isRight?.(value) === false) return `"${name}" in the body of "${endpoint}" must be ${shape}`;
  }
  return undefined;
}

function advice(members: readonly string[], name: string): string {
  if (members.includes("kwargs")) return `Arguments go into "kwargs": {"kwargs": {${JSON.stringify(name)}: …}}`;
  return `It has ${members.map((one) => `"${one}"`).join(", ")}`;
}
