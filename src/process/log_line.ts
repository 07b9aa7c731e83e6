/**
 * What a printed line tells of itself.
 *
 * @module
 */

import type { LogLevel } from "../protocol/log_body.ts";

export type { LogLevel };

/** A line and what it tells. */
export interface LogLine {
  readonly text: string;
  readonly level?: LogLevel;
  readonly callId?: string;
  /** Whether the worker tells it, in front of the line. */
  readonly isTagged?: boolean;
}

/** In front of a line whose level or call the worker knows: `RS {"level": …, "call_id": …} US`. */
// deno-lint-ignore no-control-regex
const TAG = /^\x1e(\{[^\x1f]*\})\x1f/;

/** How `logging.basicConfig()` has records printed. */
const PYTHON_DEFAULT = /^(DEBUG|INFO|WARNING|ERROR|CRITICAL):[^:\s]*:/;

/** What other loggers call the levels. */
const LEVELS: Readonly<Record<string, LogLevel>> = {
  trace: "debug",
  debug: "debug",
  info: "info",
  information: "info",
  notice: "info",
  warn: "warning",
  warning: "warning",
  error: "error",
  err: "error",
  critical: "critical",
  fatal: "critical",
};

/** Reads a line. Its text stays as it was printed; the worker's tag alone is taken off. */
export function readLogLine(line: string): LogLine {
  const [tag, json] = line.charCodeAt(0) === 0x1e ? TAG.exec(line) ?? [] : [];
  if (tag !== undefined) return { ...readText(line.slice(tag.length)), ...told(json!), isTagged: true };
  return readText(line);
}

function readText(text: string): LogLine {
  if (text.startsWith("{")) return { text, ...told(text) };
  const [, level] = PYTHON_DEFAULT.exec(text) ?? [];
  return level === undefined ? { text } : { text, level: LEVELS[level.toLowerCase()] };
}

function told(json: string): Omit<LogLine, "text"> {
  const record = parse(json);
  const level = LEVELS[String(record.level ?? record.levelname ?? record.severity).toLowerCase()];
  const callId = record.call_id;
  return { ...(level === undefined ? {} : { level }), ...(typeof callId === "string" ? { callId } : {}) };
}

function parse(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
  } catch {
    return {};
  }
}
