import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
  CallError,
  type FileResult,
  type FileResultSync,
  PluginStateError,
  RemotePluginProxy,
  WorkerExitError,
} from "@remote-plugin/proxy";
import { PluginManager } from "@remote-plugin/proxy/manager";
import { sharedFiles } from "../support/files.ts";
import type { Described } from "../support/handed_over.ts";
import { pattern, sha1 } from "../support/bytes.ts";
import { BOTH, type Face, fixtureManifest, ScratchWatch, startBlocking, startFixture } from "../support/fixture_proxy.ts";

type Seen = Record<string, Described>;

const [PYTHON, DENO] = BOTH as [Face, Face];

/** One that travels inside the JSON, and two that are files. */
const SIZES = [3, 100_000, 3_000_000];

/** Keeps the one place of a plugin taken until it is disposed of. */
function occupy(plugin: RemotePluginProxy): AsyncDisposable {
  const abort = new AbortController();
  const endless = new ReadableStream({ pull: () => new Promise(() => {}) });
  const busy = plugin.execute({ endless }, { signal: abort.signal }).catch(() => {});
  return {
    [Symbol.asyncDispose]: async () => {
      abort.abort();
      await busy;
    },
  };
}

for (const producer of BOTH) {
  for (const consumer of BOTH) {
    const way = `${producer.worker} to ${consumer.worker}`;

    Deno.test(`${way}: a result goes on to the next plugin as a file, wherever it stands`, async () => {
      await using scratch = await ScratchWatch.create();
      await using from = await startFixture(producer, "hands_over");
      await using to = await startFixture(consumer, "hands_over", { scratchDir: scratch.path });
      for (const size of SIZES) {
        await using data = await from.execute<FileResult>({ action: "give", size });
        const seen = await to.execute<{ data: Described; list: { deep: Described }[] }>({ data, list: [{ deep: data }] });
        assertEquals([seen.data.size, seen.data.sha1], [size, await sha1(pattern(size))]);
        assertEquals([seen.list[0]!.deep.sha1, seen.data.path.endsWith(".bin")], [seen.data.sha1, true]);
        assertEquals([(await data.bytes()).length, sharedFiles(scratch.path)], [size, []]);
      }
    });

    Deno.test(`${way}, blocking: a result goes on to the next plugin, from either proxy to either proxy`, async () => {
      using from = await startBlocking(producer, "hands_over");
      using to = await startBlocking(consumer, "hands_over");
      await using asyncFrom = await startFixture(producer, "hands_over");
      await using asyncTo = await startFixture(consumer, "hands_over");
      for (const size of SIZES) {
        using data = from.execute<FileResultSync>({ action: "give", size });
        await using other = await asyncFrom.execute<FileResult>({ action: "give", size });
        const seen = [
          to.execute<Seen>({ list: { data } }).list as unknown as Seen,
          to.execute<Seen>({ data: other }),
          await asyncTo.execute<Seen>({ data }),
          [...to.executeStream<Seen>({ action: "describe", data })][0]!,
        ];
        for (const { data } of seen) assertEquals([data!.size, data!.sha1], [size, await sha1(pattern(size))]);
        assertEquals(data.bytes().length, size);
      }
    });
  }

  Deno.test(`${producer.worker}: a result may be disposed of, and its plugin let go, as soon as a call has it`, async () => {
    await using to = await startFixture(PYTHON, "hands_over");
    for (const size of SIZES) {
      const from = await startFixture(producer, "hands_over");
      const [first, second] = [
        await from.execute<FileResult>({ action: "give", size }),
        await from.execute<FileResult>({ action: "give", size }),
      ];
      const calls: Promise<Seen>[] = [];
      {
        await using _busy = occupy(to);
        calls.push(to.execute({ data: first }), to.execute({ data: second }));
        await first[Symbol.asyncDispose]();
        await from.execute({ action: "give", size }); // It may write a spare file again.
        await from.cleanup();
      }
      const expected = await sha1(pattern(size));
      assertEquals((await Promise.all(calls)).map(({ data }) => data!.sha1), [expected, expected]);
    }
  });

  Deno.test(`${producer.worker}, blocking: a result may be disposed of, and its plugin let go, before a stream that has it is read`, async () => {
    await using asyncTo = await startFixture(PYTHON, "hands_over");
    using to = await startBlocking(PYTHON, "hands_over");
    for (const size of SIZES) {
      using from = await startBlocking(producer, "hands_over");
      using data = from.execute<FileResultSync>({ action: "give", size });
      const [stream, other] = [to, asyncTo].map((one) => one.executeStream<Seen>({ action: "describe", data }));
      data[Symbol.dispose]();
      from.cleanup();
      const seen = [[...stream as Iterable<Seen>][0]!, (await Array.fromAsync(other!))[0]!];
      assertEquals(seen.map(({ data }) => data!.sha1), Array(2).fill(await sha1(pattern(size))));
    }
  });

  Deno.test(`${producer.worker}: a result that was disposed of is refused with its place, and nothing is sent`, async () => {
    await using from = await startFixture(producer, "hands_over");
    using blocking = await startBlocking(producer, "hands_over");
    const data = await from.execute<FileResult>({ action: "give", size: 100_000 });
    const own = blocking.execute<FileResultSync>({ action: "give", size: 100_000 });
    await data[Symbol.asyncDispose]();
    own[Symbol.dispose]();
    for (const gone of [data, own]) {
      const error = await assertRejects(() => from.execute({ list: [gone] }), CallError);
      assertEquals([error.code, error.cause instanceof PluginStateError], ["invalid_arguments", true]);
      assertStringIncludes(error.message, 'the value at "$.kwargs.list[0]" cannot become a file: ');
      assertThrows(() => blocking.execute({ list: [gone] }), CallError, 'the value at "$.kwargs.list[0]" cannot become a file: ');
    }
  });
}

Deno.test("an array goes on as an array, and a file keeps its extension", async () => {
  await using from = await startFixture(DENO, "hands_over");
  await using other = await startFixture(PYTHON, "hands_over");
  for (const size of [4, 100_000]) {
    await using array = await from.execute<FileResult>({ action: "give", kind: "floats", size });
    const seen = await other.execute<Seen>({ array });
    const given = await other.execute<Seen>({ array: Float32Array.from({ length: size }, (_, i) => i / 2) });
    assertEquals([array.mediaType, seen.array!.path.endsWith(".npy"), seen.array!.sha1], ["application/x-npy", true, given.array!.sha1]);
  }
  await using picture = await from.execute<FileResult>({ action: "give", kind: "blob", size: 100_000 });
  const { file } = await other.execute<{ file: FileResult }>({ action: "write", name: "table.tsv" });
  await using table = file;
  const seen = await from.execute<Seen>({ picture, table });
  assertEquals([seen.picture!.path.slice(-4), seen.table!.path.slice(-4)], [".png", ".tsv"]);
});

Deno.test("a plugin that changes what it was given changes nothing of the result", async () => {
  await using from = await startFixture(PYTHON, "hands_over");
  await using to = await startFixture(PYTHON, "hands_over");
  await using data = await from.execute<FileResult>({ action: "give", size: 100_000 });
  await to.execute({ action: "overwrite", data });
  assertEquals((await data.bytes()).subarray(0, 3), Uint8Array.of(0, 1, 2));
  assertEquals((await to.execute<Seen>({ data })).data!.sha1, await sha1(pattern(100_000)));
});

Deno.test("a configuration may hold a result, which each worker to come is given", async () => {
  await using from = await startFixture(PYTHON, "hands_over");
  await using to = await startFixture(PYTHON, "hands_over", { manifest: { restart: { mode: "on_failure", initial_delay_ms: 1 } } });
  {
    await using weights = await from.execute<FileResult>({ action: "give", size: 100_000 });
    await to.initialize({ weights });
  }
  const { weights: before } = await to.getCurrentConfig();
  await assertRejects(() => to.execute({ action: "crash" }), WorkerExitError);
  const { weights: after } = await to.getCurrentConfig();
  assert(before !== after);
  assertEquals((await Deno.stat(after as string)).size, 100_000);
});

Deno.test("managed plugins hand their results to each other, also while they wait for a place", async () => {
  await using scratch = await ScratchWatch.create();
  const manifests = await Promise.all(["a", "b"].map(async (name) => ({ ...await fixtureManifest(PYTHON, "hands_over"), name })));
  await using manager = await PluginManager.create({ manifests, scratchDir: scratch.path, healthIntervalMs: 0 });
  const data = await manager.get("a").execute<FileResult>({ action: "give", size: 100_000 });
  const calls = [1, 2, 3].map(() => manager.get("b").execute<Seen>({ data }));
  const stream = manager.get("b").executeStream<Seen>({ action: "describe", data });
  await data[Symbol.asyncDispose]();
  await manager.unload("a");
  const seen = [...await Promise.all(calls), ...await Array.fromAsync(stream)];
  assertEquals(seen.map(({ data }) => data!.sha1), Array(4).fill(await sha1(pattern(100_000))));
});

Deno.test("a result that came as bytes, however large it is, goes on to a plugin that shares a folder, and to one that does not", async () => {
  await using from = await startFixture(PYTHON, "hands_over");
  const { url, token } = from.endpoint!;
  await using far = await RemotePluginProxy.attach({ url, token });
  await using data = await far.execute<FileResult>({ action: "give", size: 100_000 });
  assertEquals((await from.execute<Seen>({ data })).data!.sha1, await sha1(pattern(100_000)));
  assertEquals((await far.execute<Seen>({ data })).data!.sha1, await sha1(pattern(100_000)));
});

Deno.test("a stream that has a result and is never read keeps nothing open after the end of its plugin", async () => {
  let stream: AsyncGenerator;
  {
    await using from = await startFixture(PYTHON, "hands_over");
    await using data = await from.execute<FileResult>({ action: "give", size: 100_000 });
    stream = from.executeStream({ data });
    await assertRejects(() => from.execute({ data }, { timeoutMs: -1 }), CallError);
    using own = await startBlocking(PYTHON, "hands_over");
    own.executeStream({ data });
  }
  await assertRejects(() => stream.next(), PluginStateError);
});
