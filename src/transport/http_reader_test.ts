import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { type ByteSource, HttpReader } from "./http_reader.ts";

/** Gives the bytes in pieces of these lengths, the last of which may be longer. */
function source(text: string, lengths: readonly number[] = []): ByteSource {
  let rest = new TextEncoder().encode(text);
  const wanted = [...lengths];
  return {
    read(into) {
      if (rest.length === 0) return Promise.resolve(null);
      const count = Math.min(wanted.shift() ?? into.length, into.length, rest.length);
      into.set(rest.subarray(0, count));
      rest = rest.subarray(count);
      return Promise.resolve(count);
    },
  };
}

async function read(text: string, lengths?: readonly number[]): Promise<{ status: number; body: string }> {
  const reader = new HttpReader(source(text, lengths));
  const { status, headers } = await reader.head();
  const body = new Blob((await Array.fromAsync(reader.body(headers))).map((piece) => new Uint8Array(piece)));
  return { status, body: await body.text() };
}

const WHOLE = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nX-Note: a\r\n\r\nthe end";
const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n4\r\nthe \r\nA;note=1\r\nend of all\r\n0\r\n\r\n";

for (const [kind, text, body] of [["with a length", WHOLE, "the end"], ["in chunks", CHUNKED, "the end of all"]] as const) {
  Deno.test(`a response ${kind} is the same wherever its bytes are cut`, async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 })), async (lengths) => {
      assertEquals(await read(text, lengths), { status: 200, body });
    }));
  });

  Deno.test(`a response ${kind} that ends early is an error`, async () => {
    for (let end = 0; end < text.length; end++) await assertRejects(() => read(text.slice(0, end)), TypeError, "ended before");
  });
}

Deno.test("what comes behind the head is left for whoever goes on", async () => {
  const reader = new HttpReader(source("HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\nUpgrade: b\r\n\r\n{}\n"));
  const { status, headers } = await reader.head();
  assertEquals([status, headers.get("upgrade")], [101, "a, b"]);
  assertEquals(new TextDecoder().decode(reader.rest()), "{}\n");
});

for (
  const [what, text] of [
    ["it does not begin as one", "SSH-2.0-OpenSSH\r\n\r\n"],
    ["it does not say how long it is", "HTTP/1.1 200 OK\r\n\r\n"],
    ["a chunk has no size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nmany\r\n"],
    ["the line of a chunk never ends", `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${"0".repeat(100_000)}`],
  ]
) {
  Deno.test(`a response is refused: ${what}`, async () => void await assertRejects(() => read(text!), TypeError));
}
