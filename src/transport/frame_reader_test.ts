import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { MAX_FRAME_BYTES } from "../protocol/sizes.ts";
import { MalformedReplyError } from "./errors.ts";
import { parseFrame } from "./frame_line.ts";
import { FrameReader } from "./frame_reader.ts";

const LINES = ['{"progress":0.5,"message":"half ½"}', '{"chunk":[1,"two\\n"]}', '{"result":{"a":"é"},"types":{}}'];
const FRAMES = LINES.map((line) => JSON.parse(line));

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The bytes in pieces that end at these places. */
function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...new Set([...cuts, bytes.length])].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

Deno.test("frames are the same wherever their bytes are cut, also inside a character", () => {
  const bytes = bytesOf(LINES.map((line) => `${line}\n`).join(""));
  fc.assert(fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
    const reader = new FrameReader();
    assertEquals(pieces(bytes, cuts).flatMap((piece) => reader.push(piece)), FRAMES);
  }));
});

Deno.test("what follows the last frame is no reply", () => {
  const reader = new FrameReader();
  assertEquals(reader.push(bytesOf('{"result":1}\n')), [{ result: 1 }]);
  assertThrows(() => reader.push(bytesOf('{"result":2}\n')), MalformedReplyError, "more after its last frame");
});

Deno.test("a frame without its end is none, and one that is longer than any is refused before it has come", () => {
  const reader = new FrameReader();
  assertEquals(reader.push(bytesOf('{"result":1}')), []);
  const much = new Uint8Array(16 * 1024 * 1024).fill(32);
  let taken = 0;
  assertThrows(
    () => {
      for (; taken <= MAX_FRAME_BYTES; taken += much.length) reader.push(much);
    },
    MalformedReplyError,
    `longer than ${MAX_FRAME_BYTES} bytes`,
  );
});

Deno.test("bytes that are no UTF-8 are no frame", () => {
  const bytes = new Uint8Array([...bytesOf('{"result":"'), 0xff, ...bytesOf('"}\n')]);
  assertThrows(() => new FrameReader().push(bytes), MalformedReplyError, "no UTF-8");
});

for (
  const [what, line] of [
    ["no JSON", "{"],
    ["no object", "1"],
    ["null", "null"],
    ["of no kind", '{"answer":1}'],
    ["of two kinds", '{"chunk":1,"result":2}'],
    ["a kind that only its prototype has", '{"__proto__":{"result":1}}'],
    ["with types that are a list", '{"result":1,"types":[]}'],
    ["with a type that is no name", '{"result":1,"types":{"":1}}'],
    ["progress that is infinite", '{"progress":1e999,"message":""}'],
    ["progress without words", '{"progress":1}'],
    ["a line without a time", '{"log":{"stream":"stderr","text":"x"}}'],
    ["a line of a time that is none", '{"log":{"time":"noon","stream":"stderr","text":"x"}}'],
    ["a line of no known stream", '{"log":{"time":"2026-01-01T00:00:00Z","stream":"x","text":"x"}}'],
    ["a line of no known level", '{"log":{"time":"2026-01-01T00:00:00Z","stream":"stdout","text":"x","level":"loud"}}'],
    ["an error without a traceback", '{"error":{"code":"plugin_error","type":"E","message":""}}'],
  ]
) {
  Deno.test(`a line is no frame: ${what}`, () => void assertThrows(() => parseFrame(line!), MalformedReplyError));
}

Deno.test("of a sound error only the labels are taken that are what they should be", () => {
  const error = { code: "plugin_error", type: "E", message: "m", traceback: "" };
  assertEquals(parseFrame(JSON.stringify({ error: { ...error, category: 1, retriable: "yes" } })), { error } as never);
  assertEquals(parseFrame(JSON.stringify({ error: { ...error, category: "fatal", retriable: false } })), {
    error: { ...error, category: "fatal", retriable: false },
  } as never);
});

Deno.test("an integer that no number holds is told with its place", () => {
  assertEquals(parseFrame('{"result":{"ids":[1,9007199254740993]}}'), {
    result: { ids: [1, 9007199254740992] },
    longInteger: { path: ["ids", "1"], digits: "9007199254740993" },
  });
});
