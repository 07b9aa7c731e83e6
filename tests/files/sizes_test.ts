import { assertEquals, assertRejects } from "@std/assert";
import { CallError, type FileResult, type FileResultSync } from "@remote-plugin/proxy";
import { BOTH, type Face, startBlocking, startFixture } from "../support/fixture_proxy.ts";

/** `deno task test --long tests/files/sizes_test.ts` sets it to 2 GiB and more, for which the machine needs some 8 GiB of memory. */
const LARGEST = Number(Deno.env.get("REMOTE_PLUGIN_TEST_LARGEST") ?? 200_000_000);

/** From what lies in a message to what no read or write moves at once. */
const SIZES = [1_000, 64 * 1024 + 1, 1_000_000, 4_000_000, 16_000_000, 200_000_000, 1_000_000_000, 2 ** 31 + 8];

/** A result and the copy that another call is given of it. */
const ROOM = { scratchQuota: 2 ** 33 };

function ending(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  bytes[size - 1] = 7;
  return bytes;
}

function weigh(bytes: Uint8Array): [number, number] {
  return [bytes.length, bytes.at(-1)!];
}

for (const face of BOTH) {
  for (const size of SIZES.filter((size) => size <= LARGEST)) {
    Deno.test(`${face.worker}: ${size} bytes reach the plugin and come back`, async () => {
      await using plugin = await startFixture(face, "weighs", ROOM);
      assertEquals(await plugin.execute({ data: ending(size) }), [size, 7]);
      for (const kind of ["file", "bytes"]) {
        await using result = await plugin.execute<FileResult>({ size, kind });
        assertEquals(weigh(await result.bytes()), [size, 7]);
        assertEquals(await plugin.execute({ data: result }), [size, 7]);
      }
    });

    Deno.test(`${face.worker}, blocking: ${size} bytes reach the plugin and come back`, async () => {
      using plugin = await startBlocking(face, "weighs", ROOM);
      assertEquals(plugin.execute({ data: ending(size) }), [size, 7]);
      using result = plugin.execute<FileResultSync>({ size });
      assertEquals(weigh(result.bytes()), [size, 7]);
      let streamed = 0;
      for (const piece of result.stream()) streamed += piece.length;
      assertEquals([streamed, plugin.execute({ data: result })], [size, [size, 7]]);
    });
  }

  Deno.test(`${face.worker}: more bytes than an array can hold are an error that says how to read them, and can be read so`, async () => {
    await using plugin = await startFixture(face, "weighs", ROOM);
    using blocking = await startBlocking(face, "weighs", ROOM);
    const size = 2 ** 42;
    await using result = await plugin.execute<FileResult>({ size });
    using other = blocking.execute<FileResultSync>({ size });
    for (const read of [() => result.bytes(), () => result.array(), async () => await other.bytes(), async () => await other.array()]) {
      const error = await assertRejects(read, CallError, 'Read it piece by piece by "stream()", or open the file at its "path"');
      assertEquals(error.code, "no_room");
    }
    for await (const piece of result.stream()) {
      assertEquals(piece.length, 1024 * 1024);
      break;
    }
    assertEquals((await Deno.stat(other.path)).size, size);
  });
}

Deno.test("numbers as large as may be are written and read as an array", async () => {
  const [, deno] = BOTH as [Face, Face];
  await using plugin = await startFixture(deno, "weighs", ROOM);
  const size = Math.floor(LARGEST / 8) * 8;
  const given = new Float64Array(size / 8);
  const { length } = given;
  given[length - 1] = 1;
  assertEquals(await plugin.execute({ data: given }), [size + 128, 0x3f]);
  await using result = await plugin.execute<FileResult>({ size, kind: "numbers" });
  const { data, shape, dtype } = await result.array();
  assertEquals([shape, dtype, data.at(-1)], [[length], "<f8", new Float64Array(ending(8).buffer)[0]]);
});
