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
}

/** In front of a record of `logging`, by the Python worker: `RS {"level": …, "call_id": …} US`. */
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

/** Reads a line. Its text stays as it was printed; the Python worker's tag alone is taken off. */
export function readLogLine(line: string): LogLine {
  switch (line.charCodeAt(0)) {
    case 0x1e: {
      const [tag, json] = TAG.exec(line) ?? [];
      return tag === undefined ? { text: line } : { text: line.slice(tag.length), ...told(json!) };
    }
    case 0x7b: // {
      return { text: line, ...told(line) };
    default: {
      const [, level] = PYTHON_DEFAULT.exec(line) ?? [];
      return level === undefined ? { text: line } : { text: line, level: LEVELS[level.toLowerCase()] };
    }
  }
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
