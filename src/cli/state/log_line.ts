/**
 * How a line that a plugin has printed is kept: as a JSON object.
 *
 * @module
 */
import type { LogRecord } from "../../process/output_log.ts";

/** A line that is kept, as `logs --json` writes it. What is not known is left out. */
export interface KeptRecord {
  readonly time?: string;
  readonly stream?: LogRecord["stream"];
  readonly level?: LogRecord["level"];
  readonly call_id?: string;
  readonly node?: string;
  readonly job?: string;
  readonly text: string;
}

/** The line for a record, with its end. */
export function toLogLine({ time, stream, level, callId, placement, text }: LogRecord): string {
  const kept: KeptRecord = { time: time.toISOString(), stream, level, call_id: callId, node: placement?.node, job: placement?.job, text };
  return `${JSON.stringify(kept)}\n`;
}

/** What a line holds. One that is no record, because the disk was full in the middle of it, is a text. */
export function fromLogLine(line: string): KeptRecord {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null && "text" in value && typeof value.text === "string") return value as KeptRecord;
  } catch {
    // Told as it is.
  }
  return { text: line };
}
