import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { MAX_PARTS_BYTES } from "../protocol/parts.ts";
import { MalformedReplyError } from "./errors.ts";
import { FrameReader } from "./frame_reader.ts";

const MARK = "\x1e";

function bytesOf(...pieces: (string | Uint8Array)[]): Uint8Array {
  return new Uint8Array(pieces.flatMap((piece) => [...typeof piece === "string" ? new TextEncoder().encode(piece) : piece]));
}

/** Bytes that are no text, with ends of lines and marks among them. */
const FILE = bytesOf("\n\x1e{}\n", new Uint8Array([0xff, 0, 0x0a, 0x1e]), '{"result":1}\n');

const REPLY = bytesOf(
  '{"progress":0.5,"message":"½"}\n',
  `${MARK}{"chunk":{"part":0},"types":{"":"file"},"parts":[${FILE.length},0]}\n`,
  FILE,
  '{"chunk":"é"}\n',
  `${MARK}{"result":null,"parts":[2]}\n`,
  FILE.subarray(0, 2),
);

const FRAMES = [
  { progress: 0.5, message: "½" },
  { chunk: { part: 0 }, types: { "": "file" }, parts: [FILE, new Uint8Array(0)] },
  { chunk: "é" },
  { result: null, parts: [FILE.subarray(0, 2)] },
];

Deno.test("frames and the files behind them are the same wherever their bytes are cut", () => {
  fc.assert(fc.property(fc.array(fc.nat(REPLY.length)), (cuts) => {
    const reader = new FrameReader({ takesParts: true });
    const ends = [...new Set([...cuts, REPLY.length])].sort((a, b) => a - b);
    const frames = ends.flatMap((end, at) => reader.push(REPLY.subarray(ends[at - 1] ?? 0, end)));
    assertEquals(frames as unknown[], FRAMES);
  }));
});

Deno.test("what is no frame with files, or one that nobody asked for, is a breach of the protocol", () => {
  const wrong = [
    `${MARK}{"result":1}\n`,
    `${MARK}{"result":1,"parts":[]}\n`,
    `${MARK}{"result":1,"parts":[-1]}\n`,
    `${MARK}{"result":1,"parts":["2"]}\n`,
    `${MARK}{"result":1,"parts":{"0":2}}\n`,
    `${MARK}{"result":1,"parts":[${MAX_PARTS_BYTES},1]}\n`,
    `${MARK}{"progress":1,"message":"","parts":[1]}\n`,
    `${MARK}{"error":{"code":"x","type":"x","message":"","traceback":""},"parts":[1]}\n`,
    `${MARK}${MARK}{"result":1,"parts":[1]}\n`,
    `${MARK}{"result":1,"parts":[1]}\nab`,
    `{"chunk":${MARK}{"result":1,"parts":[1]}\na{"result":1}\n`,
  ];
  for (const text of wrong) {
    assertThrows(() => new FrameReader({ takesParts: true }).push(bytesOf(text, "\n")), MalformedReplyError, "", JSON.stringify(text));
  }
  assertThrows(() => new FrameReader().push(bytesOf(`${MARK}{"result":1,"parts":[1]}\na`)), MalformedReplyError);
});
