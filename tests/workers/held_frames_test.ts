import { assertEquals, assertInstanceOf } from "@std/assert";
import { join } from "@std/path";
import { BrokenReplyError } from "../../src/transport/errors.ts";
import { dial } from "../../src/process/dial.ts";
import { UpgradedTransport } from "../../src/transport/upgraded.ts";
import { within } from "../support/guard.ts";

const LINES = [1, 2, 3, 4, 5].map((number) => `{"chunk":${number}}\n`);
const SENT = LINES.slice(0, 2).join("");
const HELD = LINES.slice(2).join("");

/** What a caller gets of a worker that sends these bytes and dies, having held back the last three lines. */
async function readFrom(bytes: string, held: { at: number; frames: string } | undefined): Promise<unknown[]> {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "s");
  using listener = Deno.listen({ transport: "unix", path });
  let name = "";
  const served = serveOnce(listener, bytes, (given) => name = given);
  const heldBack = (connection: string) => Promise.resolve(held === undefined ? undefined : { connection, ...held });
  using transport = new UpgradedTransport({
    dial: () => dial({ unix: path }),
    token: "token",
    heldBack: (asked) => (assertEquals(asked, name), heldBack(asked)),
  });
  const chunks: unknown[] = [];
  try {
    for await (const frame of transport.exchange({ endpoint: "execute_stream" }, new AbortController().signal)) {
      chunks.push("chunk" in frame ? frame.chunk : frame);
    }
  } catch (error) {
    assertInstanceOf(error, BrokenReplyError);
  }
  await served;
  await Deno.remove(folder, { recursive: true });
  return chunks;
}

async function serveOnce(listener: Deno.Listener, bytes: string, onName: (name: string) => void): Promise<void> {
  using conn = await listener.accept();
  const buffer = new Uint8Array(4096);
  let text = "";
  while (!text.includes("execute_stream 0\n")) text += new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0));
  onName(/remote-plugin-connection: (\S+)/.exec(text)?.[1] ?? "");
  const head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: remote-plugin-frames\r\n\r\n";
  await conn.write(new TextEncoder().encode(head + bytes));
}

Deno.test("wherever a worker dies while it sends what it has held back, each frame comes once", async () => {
  for (let sent = SENT.length; sent <= SENT.length + HELD.length; sent++) {
    const bytes = (SENT + HELD).slice(0, sent);
    assertEquals(await within(readFrom(bytes, { at: SENT.length, frames: HELD }), "the frames"), [1, 2, 3, 4, 5]);
  }
});

Deno.test("what a farewell tells of bytes that never came, or of more than there is, is not taken", async () => {
  assertEquals(await readFrom(SENT, { at: SENT.length + 1, frames: HELD }), [1, 2]);
  assertEquals(await readFrom(SENT + HELD + LINES[0], { at: SENT.length, frames: HELD }), [1, 2, 3, 4, 5, 1]);
  assertEquals(await readFrom(SENT, undefined), [1, 2]);
});
