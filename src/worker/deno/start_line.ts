/**
 * Reads the start line, section 1 of `docs/protocol.md`.
 *
 * @module
 */
import { isRecord } from "../../protocol/json.ts";
import type { Address } from "../../protocol/address.ts";
import { readBatch } from "../../protocol/batch.ts";
import { MAX_BODY_BYTES, MAX_CONTROL_LINE_BYTES } from "../../protocol/sizes.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";
import type { StartMessage, WorkerLimits } from "../../protocol/messages.ts";

/** The start line cannot be used. */
export class BadStartError extends Error {
  override name = "BadStartError";
}

/** Where the start line is read from. Standard input's own `read` is used, for its stream takes 6 ms to load. */
export interface Input {
  /** Fills a part of the buffer. Resolves with the number of bytes, or `null` at the end. */
  read(buffer: Uint8Array): Promise<number | null> | number | null;
}

/**
 * Reads the start line. What comes behind it is dropped: a host has nothing more to say here.
 *
 * @throws {BadStartError} When the input ends first, the line is too long, or is not what the protocol says.
 */
export async function readStartLine(input: Input): Promise<StartMessage> {
  const buffer = new Uint8Array(64 * 1024);
  const decoder = new TextDecoder();
  let text = "";
  for (let length = 0; length <= MAX_CONTROL_LINE_BYTES;) {
    const count = await input.read(buffer);
    if (count === null) throw new BadStartError("Standard input ended before the start line did");
    const bytes = buffer.subarray(0, count);
    const end = bytes.indexOf(0x0a);
    if (end >= 0) return parseStartLine(text + decoder.decode(bytes.subarray(0, end)));
    text += decoder.decode(bytes, { stream: true });
    length += count;
  }
  throw new BadStartError(`The start line is longer than ${MAX_CONTROL_LINE_BYTES} bytes`);
}

/**
 * Checks a start line.
 *
 * @throws {BadStartError} When it is not what the protocol says.
 */
export function parseStartLine(line: string): StartMessage {
  const start = parseJson(line);
  const { protocol, token, listen, plugin, limits } = start;
  if (protocol !== PROTOCOL_VERSION) {
    throw new BadStartError(`The host speaks version ${JSON.stringify(protocol)} of the protocol, this worker ${PROTOCOL_VERSION}`);
  }
  if (typeof token !== "string" || token === "") throw wrong("token", "a string that is not empty");
  if (!isAddress(listen)) throw wrong("listen", '{"unix": path} or {"tcp": host}');
  if (!isRecord(plugin) || typeof plugin["module"] !== "string") throw wrong("plugin.module", "the module's URL");
  const { env } = plugin;
  if (env !== undefined && !(isRecord(env) && Object.values(env).every((value) => typeof value === "string"))) {
    throw wrong("plugin.env", "an object whose values are strings");
  }
  return {
    ...start,
    limits: limitsOf(limits),
    plugin: { name: "plugin", version: "", path: [], ...plugin, ...isNamed(plugin) ? {} : { class: "default" } },
  } as unknown as StartMessage;
}

/** Whether the plugin is named in one of the three ways. */
function isNamed({ class: name, function: functionName, entry }: Record<string, unknown>): boolean {
  const given = [name, functionName, entry].filter((one) => one !== undefined && one !== null);
  if (given.length > 1) throw wrong("plugin", 'one that has no more than one of "class", "function" and "entry"');
  if (given.length > 0 && entry !== true && typeof given[0] !== "string") throw wrong("plugin", "one that is named by a string");
  return given.length > 0;
}

function parseJson(line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new BadStartError(`The start line is not JSON: ${(error as Error).message}`);
  }
  if (!isRecord(value)) throw new BadStartError("The start line is not a JSON object");
  return value;
}

const DEFAULT_LIMITS: WorkerLimits = { max_concurrency: 1, max_body_bytes: MAX_BODY_BYTES, cancel_grace_ms: 200 };

function limitsOf(given: unknown): WorkerLimits {
  const { batch, ...limits } = { ...DEFAULT_LIMITS, ...(isRecord(given) ? given : {}) } as WorkerLimits;
  for (const [name, value] of Object.entries(limits)) {
    const least = name === "max_concurrency" ? 1 : 0;
    if (name in DEFAULT_LIMITS && !(Number.isSafeInteger(value) && value >= least)) {
      throw wrong(`limits.${name}`, `a whole number from ${least}`);
    }
  }
  if (batch === undefined) return limits;
  const told = readBatch(batch);
  if (told === undefined) throw wrong("limits.batch", '{"max_size": a whole number from 1, "max_wait_ms": a whole number from 0}');
  return { ...limits, batch: told };
}

function isAddress(value: unknown): value is Address {
  return isRecord(value) && (typeof value["unix"] === "string" || typeof value["tcp"] === "string");
}

function wrong(key: string, wanted: string): BadStartError {
  return new BadStartError(`"${key}" of the start line must be ${wanted}`);
}
