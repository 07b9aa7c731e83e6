/**
 * Frames behind which files stand, in the text of a reply whose files are text.
 *
 * @module
 */
import { PARTS_MARK } from "../../src/protocol/parts.ts";

/** One line, and how long the files are that stand behind it. */
export interface MarkedLine {
  // deno-lint-ignore no-explicit-any -- Any JSON.
  readonly frame: any;
  readonly sizes: readonly number[];
}

/** Reads a line. Only one with the mark has files behind it. */
export function readLine(line: string): MarkedLine {
  if (!line.startsWith(PARTS_MARK)) return { frame: JSON.parse(line), sizes: [] };
  const frame = JSON.parse(line.slice(PARTS_MARK.length));
  return { frame, sizes: frame.parts };
}

/** The frames of a reply, and the files between them. */
export function readMarked(text: string): { readonly frames: unknown[]; readonly parts: string[] } {
  const [frames, parts]: [unknown[], string[]] = [[], []];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\n", at) + 1 || text.length;
    const { frame, sizes } = readLine(text.slice(at, end));
    frames.push(frame);
    at = end;
    for (const size of sizes) parts.push(text.slice(at, at += size));
  }
  return { frames, parts };
}
