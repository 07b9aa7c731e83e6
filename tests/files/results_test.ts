import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { CallError, FileResult, PermissionDeniedError, PluginStateError, RemoteError, RemotePluginProxy } from "@remote-plugin/proxy";
import { BOTH, ScratchWatch, startFixture } from "../support/fixture_proxy.ts";
import { type Described, startHandsOver } from "../support/handed_over.ts";
import { pattern } from "../support/bytes.ts";
import { eventually } from "../support/guard.ts";

for (const face of BOTH) {
  const label = face.worker;
  const python = face.worker === "python";

  for (const size of [0, 3, 64 * 1024, 64 * 1024 + 1, 3_000_000]) {
    Deno.test(`${label}: ${size} bytes come back as a result whose file goes when it is disposed of`, async () => {
      await using scratch = await ScratchWatch.create();
      const { plugin, files } = await startHandsOver(face, scratch.path);
      await using _plugin = plugin;
      const result = await plugin.execute<FileResult>({ action: "give", size });
      assert(result instanceof FileResult);
      assertEquals([result.size, result.mediaType, files().length], [size, "application/octet-stream", size > 64 * 1024 ? 1 : 0]);
      assertEquals(await result.bytes(), pattern(size));
      const parts = await Array.fromAsync(result.stream());
      assertEquals(await new Blob(parts).bytes(), pattern(size));
      assertEquals(await Deno.readFile(result.path), pattern(size));
      await result[Symbol.asyncDispose]();
      await result[Symbol.asyncDispose]();
      assertEquals(files(), []);
      await assertRejects(() => result.bytes(), PluginStateError, "disposed");
    });
  }

  const kinds = python ? ["bytearray", "memoryview", "strided", "words"] : ["buffer", "view", "blob", "stream"];
  for (const kind of kinds) {
    Deno.test(`${label}: a ${kind} comes back as its bytes`, async () => {
      await using scratch = await ScratchWatch.create();
      const { plugin } = await startHandsOver(face, scratch.path);
      await using _plugin = plugin;
      await using result = await plugin.execute<FileResult>({ action: "give", kind, size: 100_000 });
      const expected = kind === "strided" ? pattern(200_000).filter((_, i) => i % 2 === 0) : pattern(100_000);
      assertEquals([result.size, result.mediaType], [100_000, kind === "blob" ? "image/png" : "application/octet-stream"]);
      assertEquals(await result.bytes(), expected);
    });
  }

  Deno.test(`${label}: a file-backed object as a result is handed over as its file`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin, files } = await startHandsOver(face, scratch.path);
    await using _plugin = plugin;
    {
      await using result = await plugin.execute<FileResult>({ action: "give", kind: "dto", size: 10 });
      assertEquals([result.mediaType, await result.bytes(), files().length], ["text/plain", pattern(10), 1]);
    }
    assertEquals(files(), []);
  });

  Deno.test(`${label}: files may stand anywhere in a result, beside NaN`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin } = await startHandsOver(face, scratch.path);
    await using _plugin = plugin;
    const result = await plugin.execute<{ "a/b": [number, FileResult, number] }>({ action: "give", kind: "nested", size: 70_000 });
    assertEquals([result["a/b"][0], result["a/b"][2]], [1, NaN]);
    assertEquals(await result["a/b"][1].bytes(), pattern(70_000));
  });

  Deno.test(`${label}: chunks of a stream may be files; those that nobody takes are removed`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin, files } = await startHandsOver(face, scratch.path);
    await using _plugin = plugin;
    for await (const chunk of plugin.executeStream<FileResult>({ action: "give", size: 100_000, count: 5 })) {
      await using result = chunk;
      assertEquals(result.size, 100_000);
    }
    assertEquals(files(), []);
    for await (const chunk of plugin.executeStream<FileResult>({ action: "give", size: 100_000, count: 50 })) {
      await chunk[Symbol.asyncDispose]();
      break;
    }
    await plugin.execute(); // Its turn comes when the stream has really ended.
    assertEquals(files(), []);
  });

  Deno.test(`${label}: what is not disposed of goes with the plugin, and is then told of`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin } = await startHandsOver(face, scratch.path);
    const result = await plugin.execute<FileResult>({ action: "give", size: 100_000 });
    const { path } = result;
    await plugin.cleanup();
    assertEquals(scratch.names(), []);
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
    await assertRejects(() => result.bytes(), PluginStateError);
  });

  Deno.test(`${label}: a call that fails after it has written leaves nothing`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin, files } = await startHandsOver(face, scratch.path);
    await using _plugin = plugin;
    for (const action of ["fail_after_writing", "unsendable_after_file"]) {
      await assertRejects(() => plugin.execute({ action }, { args: [] }), RemoteError);
    }
    await plugin.execute({ data: pattern(10) });
    assertEquals(files(), []);
  });

  Deno.test(`${label}: values over the quota are refused, in both directions, and the plugin goes on`, async () => {
    await using scratch = await ScratchWatch.create();
    await using plugin = await startFixture(face, "hands_over", { scratchDir: scratch.path, scratchQuota: 250_000 });
    const error = await assertRejects(() => plugin.execute({ data: pattern(250_001) }), CallError);
    assertEquals(error.code, "no_room");
    assertStringIncludes(
      error.message,
      'the value at "$.kwargs.data" cannot become a file: 250001 bytes do not fit into the quota of 250000',
    );
    const stream = new Blob([pattern(200_000), pattern(60_000)]).stream();
    assertEquals((await assertRejects(() => plugin.execute({ stream }), CallError)).code, "no_room");
    const remote = await assertRejects(() => plugin.execute({ action: "give", size: 300_000 }), RemoteError);
    assertEquals([remote.category, remote.retriable], ["resource", true]);
    await using result = await plugin.execute<FileResult>({ action: "give", size: 200_000 });
    assertEquals(result.size, 200_000);
  });

  Deno.test(`${label}: an attached host that shares the folder uses files, another one gives and gets the bytes`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin, files } = await startHandsOver(face, scratch.path);
    await using _plugin = plugin;
    {
      await using near = await RemotePluginProxy.attach(plugin.endpoint!);
      assertEquals((await near.execute<Record<string, Described>>({ data: pattern(9) })).data!.size, 9);
      const result = await near.execute<FileResult>({ action: "give", size: 100_000 });
      assertEquals([files().length, await result.bytes()], [1, pattern(100_000)]);
    }
    assertEquals(files(), []);
    const { url, token } = plugin.endpoint!;
    await using far = await RemotePluginProxy.attach({ url, token });
    const result = await far.execute<FileResult>({ action: "give", size: 100_000 });
    assertEquals(await result.bytes(), pattern(100_000));
    assertThrows(() => result.path, PluginStateError, 'Read it by "bytes()" or "stream()"');
    assertEquals((await far.execute<Record<string, Described>>({ data: pattern(9) })).data!.size, 9);
    await eventually(() => files().length === 0, "the end of the files");
  });
}

Deno.test("python: a path inside the call's scratch folder is handed over as a file, all else in it is removed", async () => {
  await using scratch = await ScratchWatch.create();
  const { plugin, files } = await startHandsOver(BOTH[0]!, scratch.path);
  await using _plugin = plugin;
  {
    const { file, text, elsewhere } = await plugin.execute<{ file: FileResult; text: string; elsewhere: string }>({ action: "write" });
    await using result = file;
    await plugin.execute(); // The worker has cleaned up when it takes the next call.
    assertEquals([result.path, result.mediaType, new TextDecoder().decode(await result.bytes())], [text, "text/plain", "hello"]);
    assertEquals([typeof elsewhere, files()], ["string", [result.path]]);
  }
  assertEquals(files(), []);
});

Deno.test("a result is not mapped for a host without --allow-ffi, however small it is", async () => {
  await using plugin = await startFixture(BOTH[0]!, "hands_over");
  for (const size of [3, 100_000]) {
    await using result = await plugin.execute<FileResult>({ action: "give", size });
    const error = await assertRejects(() => result.map(), PermissionDeniedError);
    assertStringIncludes(error.message, "the host may not use FFI. Add --allow-ffi");
    assertEquals([error.missing, error.flags], [[{ name: "ffi" }], ["--allow-ffi"]]);
  }
});

Deno.test("deno: a typed array comes back as an array of numbers", async () => {
  await using plugin = await startFixture(BOTH[1]!, "hands_over");
  for (const size of [3, 100_000]) {
    await using result = await plugin.execute<FileResult>({ action: "give", kind: "floats", size });
    const { data, shape, dtype } = await result.array();
    assertEquals([shape, dtype, data[2], data.length], [[size], "<f4", 1, size]);
    assertEquals(result.mediaType, "application/x-npy");
  }
});
