import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { bytesOfParts, labelledText, MalformedPartsError, type OutgoingPart, PartCutter, readLabels } from "./parts.ts";

interface SentPart {
  readonly pieces: readonly Uint8Array[];
  readonly isSized: boolean;
}

const PARTS = fc.array(fc.record({ pieces: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }), isSized: fc.boolean() }), {
  maxLength: 4,
});

function outgoing({ pieces, isSized }: SentPart): OutgoingPart {
  return { at: "/x", size: isSized ? joined(pieces).length : undefined, bytes: pieces };
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(pieces.flatMap((piece) => [...piece]));
}

/** What is cut out of bytes that come in pieces of this length, and what stands behind it. */
function cut(bytes: Uint8Array, sizes: readonly (number | undefined)[], pieceLength: number): [Uint8Array[], Uint8Array] {
  const cutter = new PartCutter(sizes);
  const found: Uint8Array[][] = sizes.map(() => []);
  const behind: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += pieceLength) {
    let rest = bytes.subarray(at, at + pieceLength);
    for (let piece = cutter.next(rest); piece !== undefined; piece = cutter.next(rest)) {
      found[piece.part]!.push(piece.bytes);
      rest = piece.rest;
    }
    if (cutter.isDone) behind.push(rest);
  }
  assertEquals(cutter.isDone, true);
  return [found.map(joined), joined(behind)];
}

Deno.test("parts arrive as they were sent, however their bytes come, and what follows is left alone", async () => {
  await fc.assert(fc.asyncProperty(PARTS, fc.integer({ min: 1, max: 50 }), async (parts, pieceLength) => {
    const sent = joined([...await Array.fromAsync(bytesOfParts(parts.map(outgoing))), new TextEncoder().encode("next")]);
    const [found, behind] = cut(sent, parts.map((part) => outgoing(part).size), pieceLength);
    assertEquals(found, parts.map(({ pieces }) => joined(pieces)));
    assertEquals(new TextDecoder().decode(behind), "next");
  }));
});

Deno.test("a block without a length is refused, however much of it has come", () => {
  for (const text of ["x\n", "\n", "-1\n", "1e3\n", "1234567890123456", "12 \nab"]) {
    assertThrows(() => new PartCutter([undefined]).next(new TextEncoder().encode(text)), MalformedPartsError, "no length");
  }
});

Deno.test("a part that has not as many bytes as it was said to have is not sent to its end", async () => {
  for (const [bytes, what] of [[2, "cut"], [4, "made longer"]] as const) {
    const part = { at: "/x", size: 3, bytes: [new Uint8Array(bytes)] };
    await assertRejects(() => Array.fromAsync(bytesOfParts([part])), MalformedPartsError, what);
  }
});

Deno.test("a body and what it says of its parts pass as one text", () => {
  const text = labelledText('{"kwargs":{"x":null}}', [{ at: "/kwargs/x", size: 3, extension: ".wav", media_type: "audio/wav", bytes: [] }]);
  const labels = [{ at: "/kwargs/x", size: 3, extension: ".wav", media_type: "audio/wav" }];
  assertEquals(readLabels(JSON.parse(text)), { body: { kwargs: { x: null } }, labels });
});

Deno.test("a label that could lead out of its folder, or says no length, is refused", () => {
  const wrong = [
    { at: 1 },
    { at: "/x", size: -1 },
    { at: "/x", size: 0.5 },
    { at: "/x", extension: "/../x" },
    { at: "/x", extension: 7 },
    1,
    null,
  ];
  for (const label of wrong) assertThrows(() => readLabels({ body: {}, parts: [label] }), MalformedPartsError);
  for (const json of [null, {}, { body: [], parts: [] }, { body: {} }]) assertThrows(() => readLabels(json), MalformedPartsError);
});
