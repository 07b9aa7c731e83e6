import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Address } from "../protocol/address.ts";
import { MAX_CONTROL_LINE_BYTES } from "../protocol/sizes.ts";
import { type HelloLine, readFarewell, readHello } from "./hello.ts";

const UNIX: Address = { unix: "/run/worker.sock" };
const TCP: Address = { tcp: "127.0.0.1" };
const HELLO = { protocol: 1, address: UNIX, pid: 7, worker: "w/1", features: ["farewell"] };

/** What a host reads of a worker that was told to listen at `listen` and writes these pieces; `others` gets what else the worker printed. */
async function helloOf(listen: Address, pieces: Iterable<string>, others: string[] = []): Promise<HelloLine | undefined> {
  const stdout = ReadableStream.from(pieces).pipeThrough(new TextEncoderStream());
  return await readHello(stdout.getReader(), { listen, onOther: (line) => others.push(line) });
}

function refusal(hello: unknown, listen: Address, why: string): Promise<TypeError> {
  return assertRejects(() => helloOf(listen, [`${JSON.stringify(hello)}\n`]), TypeError, why);
}

Deno.test("a hello line is found behind a banner, in however many pieces it comes, and what follows it is kept", async () => {
  const text = `a banner\n{"no": "hello"}\n\n${JSON.stringify(HELLO)}\nprinted ü\nmore`;
  for (const pieces of [[text], [...text], [text.slice(0, 40), text.slice(40, 41), text.slice(41)]]) {
    const others: string[] = [];
    const hello = await helloOf(UNIX, pieces, others);
    assertEquals([hello?.message, others], [HELLO, ["a banner", '{"no": "hello"}', ""]]);
    assert("printed ü\nmore".startsWith(new TextDecoder().decode(hello?.rest)));
  }
});

Deno.test("a pipe that ends before its hello line gives none", async () => {
  assertEquals(await helloOf(UNIX, []), undefined);
  assertEquals(await helloOf(UNIX, ["a banner\n", JSON.stringify(HELLO)]), undefined);
});

Deno.test("a worker that listens elsewhere than it was told gets no token", async () => {
  const elsewhere: readonly (readonly [listen: Address, address: unknown])[] = [
    [UNIX, { unix: "/run/other.sock" }],
    [UNIX, { tcp: "127.0.0.1:5000" }],
    [UNIX, {}],
    [TCP, UNIX],
    [TCP, { tcp: "127.0.0.1:5000", unix: "/run/worker.sock" }],
    ...["127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:05000", "0.0.0.0:5000", 5000].map((tcp) =>
      [TCP, { tcp }] as const
    ),
  ];
  for (const [listen, address] of elsewhere) await refusal({ ...HELLO, address }, listen, "where it was told to listen at");
  await refusal({ ...HELLO, address: "127.0.0.1:5000" }, TCP, "names no address");
  for (const tcp of ["127.0.0.1:1", "127.0.0.1:65535"]) {
    assertEquals((await helloOf(TCP, [`${JSON.stringify({ ...HELLO, address: { tcp } })}\n`]))?.message, { ...HELLO, address: { tcp } });
  }
});

Deno.test("a worker that has picked its port listens there, whatever it was told", async () => {
  const picked = { ...HELLO, address: { tcp: "127.0.0.1:5000" }, features: ["picked_port"] };
  assertEquals((await helloOf(UNIX, [`${JSON.stringify(picked)}\n`]))?.message, picked);
  await refusal({ ...picked, address: { tcp: "10.0.0.1:5000" } }, UNIX, "where it was told");
});

Deno.test("a hello line of another protocol, without a pid, or with an error that says nothing is refused", async () => {
  for (const protocol of [0, 2, "1", null]) await refusal({ ...HELLO, protocol }, UNIX, "this host speaks 1");
  for (const pid of [0, -1, 1.5, "7", undefined]) await refusal({ ...HELLO, pid }, UNIX, "names no pid");
  for (const error of ["no", {}, { type: "X" }, { message: "no" }]) await refusal({ protocol: 1, error }, UNIX, "without a type");
});

Deno.test("a worker that cannot start says so in the place of its hello line", async () => {
  const error = { code: "load_failed", type: "ImportError", message: "no", traceback: "at" };
  const line = JSON.stringify({ protocol: 1, error: { ...error, extra: 1 } });
  assertEquals((await helloOf(UNIX, [`${line}\n`]))?.message, { protocol: 1, error } as HelloLine["message"]);
});

Deno.test("what a hello line says of its worker need not be there, and what is no feature is passed over", async () => {
  const { address, pid } = HELLO;
  const expected = { protocol: 1, address, pid, worker: "unknown", features: [] };
  assertEquals((await helloOf(UNIX, [`${JSON.stringify({ protocol: 1, address, pid, features: "no" })}\n`]))?.message, expected);
  const odd = { ...HELLO, worker: 7, features: [1, null, "x"] };
  assertEquals((await helloOf(UNIX, [`${JSON.stringify(odd)}\n`]))?.message, { ...expected, features: ["x"] });
});

Deno.test("a worker that prints a megabyte and says no hello is given up", async () => {
  const line = `${"x".repeat(1023)}\n`;
  await assertRejects(() => helloOf(UNIX, Array(1024).fill(line)), TypeError, "more than 1 MiB");
  await assertRejects(() => helloOf(UNIX, ["x".repeat(MAX_CONTROL_LINE_BYTES + 1)]), TypeError, "more than 1 MiB");
  const fitting = `${JSON.stringify(HELLO).padEnd(1022)}\n`;
  assertEquals((await helloOf(UNIX, [...Array(1023).fill(line), fitting]))?.message, HELLO);
});

const HELD = { connection: "c", at: 5, frames: '{"chunk":1}\n' };

function farewellOf(...pieces: string[]): ReturnType<typeof readFarewell> {
  return readFarewell(ReadableStream.from(pieces.map((piece) => new TextEncoder().encode(piece))));
}

Deno.test("a farewell tells of want of memory and of what was held back, in however many pieces it comes", async () => {
  const line = `${JSON.stringify({ protocol: 1, farewell: { out_of_memory: true, held: [HELD] } })}\n`;
  assertEquals(await farewellOf(line), { outOfMemory: true, held: [HELD] });
  assertEquals(await farewellOf(...line), { outOfMemory: true, held: [HELD] });
});

Deno.test("what is no farewell tells nothing", async () => {
  for (const text of ["", "\n", "null", "{}", '{"farewell":1}', "{".repeat(2 ** 21)]) {
    assertEquals(await farewellOf(text), { outOfMemory: false, held: undefined });
  }
  for (const text of ['{"farewell":{}}', '{"farewell":{"held":{}}}', '{"farewell":{"out_of_memory":1}}']) {
    assertEquals(await farewellOf(text), { outOfMemory: false, held: [] });
  }
});

Deno.test("what is not said as it should be of frames that were held back is passed over", async () => {
  const wrong = [1, null, { ...HELD, at: -1 }, { ...HELD, at: 1.5 }, { ...HELD, at: "5" }, { ...HELD, connection: 1 }, {
    ...HELD,
    frames: null,
  }];
  assertEquals((await farewellOf(JSON.stringify({ farewell: { held: [...wrong, HELD] } }))).held, [HELD]);
});
