import { assertEquals } from "@std/assert";
import { type LogLine, readLogLine } from "./log_line.ts";

/** Lines, and what they tell besides their text. */
const LINES: readonly (readonly [line: string, told: Partial<LogLine>])[] = [
  ["plain", {}],
  ["", {}],
  ["WARNING:root:careful", { level: "warning" }],
  ["CRITICAL::no logger", { level: "critical" }],
  ["WARNING: a word of its own", {}],
  ["warning:root:careful", {}],
  ['{"level": "trace"}', { level: "debug" }],
  ['{"levelname": "ERROR", "call_id": "7"}', { level: "error", callId: "7" }],
  ['{"severity": "Fatal", "call_id": 7}', { level: "critical" }],
  ['{"level": "loud"}', {}],
  ["{no json", {}],
  ["{}", {}],
  ['\x1e{"level": "info", "call_id": "a"}\x1f{"level": "error"}', {
    text: '{"level": "error"}',
    level: "info",
    callId: "a",
    isTagged: true,
  }],
  ['\x1e{"call_id": "a"}\x1fERROR:root:broken', { text: "ERROR:root:broken", level: "error", callId: "a", isTagged: true }],
  ["\x1e{no json}\x1ftagged", { text: "tagged", isTagged: true }],
  ["\x1ewithout an end", {}],
];

for (const [line, told] of LINES) {
  Deno.test(`what the line ${JSON.stringify(line)} tells of itself`, () => {
    assertEquals(readLogLine(line), { text: line, ...told });
  });
}
