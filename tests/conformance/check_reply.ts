/**
 * Reads a reply and compares it with what a vector expects, and every framed reply with the rules of section 4 of the protocol.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { PARTS_MARK } from "../../src/protocol/parts.ts";
import { FRAMES_MEDIA_TYPE } from "../../src/protocol/messages.ts";
import type { Conversation, Reply } from "./conversation.ts";
import { readMarked } from "./marked_lines.ts";
import { assertMatches, type Expected, type Variables } from "./match.ts";
import type { ExpectedReply } from "./vector.ts";

/** Reads the rest of a reply and throws unless it is as expected. */
export async function checkReply(conversation: Conversation, expected: ExpectedReply, variables: Variables): Promise<void> {
  if (expected.cut) return assert(await conversation.isCutShort(), "the reply has ended as it should, not been cut short");
  const reply = await conversation.finish();
  checkHead(reply, expected, variables);
  checkBody(reply, expected, variables);
  if (expected.closed) assert(await conversation.isEnded(), "the worker said more where it should have closed the connection");
}

function checkHead({ head, text, isBare }: Reply, expected: ExpectedReply, variables: Variables): void {
  const status = expected.status ?? (expected.frames === undefined ? undefined : 200);
  if (status !== undefined) checkStatus({ status: head.status, text }, status, variables);
  if (isBare) return;
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    assertMatches(head.headers.get(name.toLowerCase()), value, variables);
  }
}

function checkStatus(reply: { status: number; text: string }, expected: Expected, variables: Variables): void {
  try {
    assertMatches(reply.status, expected, variables);
  } catch (error) {
    throw new Error(`${(error as Error).message} as the status, with the body ${reply.text.slice(0, 1000)}`);
  }
}

function checkBody(reply: Reply, expected: ExpectedReply, variables: Variables): void {
  if (expected.text !== undefined) assertMatches(reply.text, expected.text, variables);
  if (expected.json !== undefined) assertMatches(parse(reply.text), expected.json, variables);
  if (expected.lines !== undefined) assertMatches(lines(reply.text), expected.lines, variables);
  if (expected.frames === undefined) return;
  const { frames, parts } = expected.parts === undefined ? { frames: lines(reply.text), parts: [] } : readMarked(reply.text);
  assertEquals(parts, expected.parts ?? [], "the files behind the frames");
  assertMatches(frames, expected.frames, variables);
  checkFraming(reply, frames);
}

function checkFraming(reply: Reply, frames: readonly unknown[]): void {
  if (!reply.isBare) checkCarrier(reply, reply.linesBefore + frames.length);
  const isLast = frames.map((frame) => Object.hasOwn(frame as object, "result") || Object.hasOwn(frame as object, "error"));
  assertEquals(isLast, frames.map((_, index) => index === frames.length - 1), "the last frame, and it alone, is a result or an error");
}

/** A frame with files may go in chunks, for its length may not be known when it begins. */
function checkCarrier({ head, text }: Reply, frames: number): void {
  const hasFiles = text.startsWith(PARTS_MARK);
  assertEquals(head.headers.get("content-type"), FRAMES_MEDIA_TYPE);
  const carrier = frames === 1 ? "content-length" : "transfer-encoding";
  assert(head.headers.has(carrier) || hasFiles, `a reply of ${frames} frames needs "${carrier}"`);
}

function lines(text: string): unknown[] {
  if (text === "") return [];
  assert(text.endsWith("\n"), "the last line has no end");
  return text.slice(0, -1).split("\n").map(parse);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`Not JSON: ${JSON.stringify(text.slice(0, 1000))}`);
  }
}
