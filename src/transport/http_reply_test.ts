import { assertEquals, assertRejects } from "@std/assert";
import { FRAMES_MEDIA_TYPE } from "../protocol/messages.ts";
import { BrokenReplyError } from "./errors.ts";
import { readReply, wholeText } from "./http_reply.ts";

const TEXT = '{"chunk":"ä"}\n{"chunk":"€"}\n{"chunk":"🎈"}\n{"result":null}\n';
const FRAMES = [{ chunk: "ä" }, { chunk: "€" }, { chunk: "🎈" }, { result: null }];

interface Pieces {
  readonly type: "bytes" | undefined;
  readonly size: number;
  readonly error?: Error;
}

/** A reply that comes in pieces of that size, and breaks in the end if it is to. */
function replyOf(text: string, { type, size, error }: Pieces): Response {
  const bytes = new TextEncoder().encode(text);
  let sent = 0;
  const source = {
    pull: (controller: ReadableStreamDefaultController<Uint8Array> | ReadableByteStreamController) => {
      const piece = bytes.slice(sent, sent += size);
      if (piece.length > 0) return controller.enqueue(piece);
      if (error !== undefined) return controller.error(error);
      controller.close();
      if ("byobRequest" in controller) controller.byobRequest?.respond(0);
    },
  };
  const body = type === "bytes"
    ? new ReadableStream({ ...source, type }, { highWaterMark: 0 })
    : new ReadableStream(source, { highWaterMark: 0 });
  return new Response(body, { headers: { "content-type": FRAMES_MEDIA_TYPE } });
}

for (const type of ["bytes", undefined] as const) {
  const kind = type === "bytes" ? "as bytes" : "by a program's own stream";
  Deno.test(`a reply that comes ${kind} has the same frames however it is cut`, async () => {
    for (const size of [1, 2, 3, 7, 20, 1_000]) {
      assertEquals(await Array.fromAsync(readReply(() => Promise.resolve(replyOf(TEXT, { type, size })))), FRAMES);
    }
  });

  Deno.test(`a text that comes ${kind} is longer than what is read at a time`, async () => {
    const text = Array.from({ length: 30_000 }, (_, number) => `${number} `).join("");
    assertEquals(await wholeText(replyOf(text, { type, size: 50_000 })), text);
  });

  Deno.test(`a reply that comes ${kind} and breaks gives what came before`, async () => {
    const reply = replyOf('{"chunk":1}\n', { type, size: 5, error: new Error("reset") });
    const frames = readReply(() => Promise.resolve(reply));
    assertEquals((await frames.next()).value, { chunk: 1 });
    await assertRejects(() => frames.next(), BrokenReplyError);
  });
}
