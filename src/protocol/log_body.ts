/**
 * A line that a call printed, as it goes over the wire: section 4 of `docs/protocol.md`.
 *
 * @module
 */
import { isRecord } from "./json.ts";

/** The request header with which a host asks for the lines of a call. */
export const LOGS_HEADER = "remote-plugin-logs";

/** The word in `features` of who gives them, and the one value of the header. */
export const LOGS_FEATURE = "logs";

/** How grave a log record is, in Python's words. */
export type LogLevel = "debug" | "info" | "warning" | "error" | "critical";

/** A line that a call printed. */
export interface LogBody {
  /** When it was read, in ISO 8601. */
  readonly time: string;
  /** Where it was printed; `"host"` is the word of who sends the lines. */
  readonly stream: "stdout" | "stderr" | "host";
  /** The line without its end. */
  readonly text: string;
  /** How grave it is, where the line tells. */
  readonly level?: LogLevel;
}

const STREAMS: ReadonlySet<unknown> = new Set<LogBody["stream"]>(["stdout", "stderr", "host"]);
const LEVELS: ReadonlySet<unknown> = new Set<LogLevel>(["debug", "info", "warning", "error", "critical"]);

/** Whether it is one. */
export function isLogBody(value: unknown): value is LogBody {
  if (!isRecord(value) || typeof value.text !== "string" || !STREAMS.has(value.stream)) return false;
  const isTime = typeof value.time === "string" && !Number.isNaN(Date.parse(value.time));
  return isTime && (value.level === undefined || LEVELS.has(value.level));
}
