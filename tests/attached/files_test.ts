import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { bytesFile, CallError, type FileResult, npyFile, RemoteError } from "@remote-plugin/proxy";
import { pattern, sha1 } from "../support/bytes.ts";
import { eventually, within } from "../support/guard.ts";
import type { Described } from "../support/handed_over.ts";
import { WAYS } from "../support/ways.ts";

type Seen = Record<string, Described>;

/** A blocking proxy's results are disposed of at once. */
async function letGo(result: AsyncDisposable | Disposable): Promise<void> {
  if (Symbol.dispose in result) result[Symbol.dispose]();
  else await result[Symbol.asyncDispose]();
}

/** More than travels inside the JSON. */
const LARGE = 200_000;

for (const { name, worker, isAsync, reach } of WAYS) {
  Deno.test(`${name}: bytes, buffers, views, blobs and files anywhere in the arguments become files, which end with the call`, async () => {
    await using reached = await reach("hands_over");
    const { plugin, files } = reached;
    const data = pattern(LARGE);
    const given = {
      bytes: data,
      buffer: data.buffer,
      view: new DataView(data.buffer, 10, 20),
      blob: new Blob([data]),
      file: new File([data], "song.mp3"),
      named: bytesFile(data.subarray(0, 5), "tar.gz"),
      array: npyFile(new Float32Array(6), { shape: [2, 3] }),
      list: [1, { deep: new Uint8Array(0) }],
      7: data.subarray(5, 7),
      text: "plain",
    };
    for (let again = 0; again < 2; again++) {
      const seen = await plugin.execute<Seen>(given);
      const whole = await sha1(data);
      assertEquals([seen.bytes!.sha1, seen.buffer!.sha1, seen.blob!.sha1, seen.file!.sha1], [whole, whole, whole, whole]);
      assertEquals([seen.view!.sha1, seen[7]!.sha1], [await sha1(data.slice(10, 30)), await sha1(data.slice(5, 7))]);
      assertEquals([seen.file!.path.endsWith(".mp3"), seen.named!.path.endsWith(".tar.gz"), seen.array!.path.endsWith(".npy")], [
        true,
        true,
        true,
      ]);
      assertEquals([seen.bytes!.mode, seen.array!.size, seen.text as unknown], [0o600, 128 + 24, "plain"]);
      assertEquals((seen.list as unknown as { deep: Described }[])[1]!.deep.size, 0);
      await eventually(() => files().length === 0, "the end of the files");
    }
    assertEquals(data, pattern(LARGE), "the caller's own bytes are not changed");
  });

  Deno.test(`${name}: bytes come back as they were given, large and small, alone and with others`, async () => {
    await using reached = await reach("hands_over");
    const { plugin, files } = reached;
    for (const size of [0, 3, 64 * 1024, 64 * 1024 + 1, LARGE]) {
      const result = await plugin.execute<FileResult>({ action: "give", size });
      assertEquals([result.size, result.mediaType, await result.bytes()], [size, "application/octet-stream", pattern(size)]);
      await letGo(result);
    }
    const { "a/b": [one, file, nan] } = await plugin.execute<{ "a/b": [number, FileResult, number] }>({
      action: "give",
      kind: "nested",
      size: LARGE,
    });
    assertEquals([one, await file.bytes(), nan], [1, pattern(LARGE), NaN]);
    await letGo(file);
    const written = await plugin.execute<FileResult>({ action: "give", kind: "dto", size: LARGE });
    assertEquals([written.mediaType, await written.bytes()], ["text/plain", pattern(LARGE)]);
    await letGo(written);
    await eventually(() => files().length === 0, "the end of the files");
  });

  Deno.test(`${name}: each chunk of a stream may be a file, and no two of them are mixed up`, async () => {
    await using reached = await reach("hands_over");
    const { plugin, files } = reached;
    for (const kind of worker === "python" ? ["bytes", "dto"] : ["bytes"]) {
      let count = 0;
      for await (const chunk of plugin.executeStream<FileResult>({ action: "give", kind, size: LARGE, count: 5 })) {
        assertEquals(await chunk.bytes(), pattern(LARGE));
        await letGo(chunk);
        count++;
      }
      assertEquals(count, 5);
    }
    await eventually(() => files().length === 0, "the end of the files");
  });

  Deno.test(`${name}: what a plugin gave goes on to the next call, though its own result is disposed of meanwhile`, async () => {
    await using reached = await reach("hands_over");
    const { plugin } = reached;
    const result = await plugin.execute<FileResult>({ action: "give", size: LARGE });
    const next = plugin.execute<Seen>({ result });
    await letGo(result);
    assertEquals((await next).result!.sha1, await sha1(pattern(LARGE)));
  });

  Deno.test(`${name}: an error and a file in one call leave nothing, and the plugin goes on`, async () => {
    await using reached = await reach("hands_over");
    const { plugin, files } = reached;
    await assertRejects(() => plugin.execute({ action: "unsendable_after_file" }), RemoteError);
    await assertRejects(() => plugin.execute({ action: "fail_after_writing" }), RemoteError, "after writing");
    await assertRejects(() => plugin.execute({ action: "describe", data: Symbol("none") }), CallError, "a symbol");
    assertEquals((await plugin.execute<Seen>({ data: pattern(9) })).data!.size, 9);
    await eventually(() => files().length === 0, "the end of the files");
  });

  if (worker === "python") {
    Deno.test(`${name}: a file of the plugin's own folder comes back under its media type, and all else in the folder is removed`, async () => {
      await using reached = await reach("hands_over");
      const { plugin, files } = reached;
      const { file } = await plugin.execute<{ file: FileResult }>({ action: "write", text: "hello" });
      assertEquals([file.mediaType, new TextDecoder().decode(await file.bytes())], ["text/plain", "hello"]);
      await letGo(file);
      await eventually(() => files().length === 0, "the end of the files");
    });

    Deno.test(`${name}: a file URL and an object with toTempFile become files`, async () => {
      await using reached = await reach("hands_over");
      const { plugin } = reached;
      const url = new URL("../fixtures/plugins/hands_over/plugin.py", import.meta.url);
      class Note {
        async toTempFile(dir: string): Promise<string> {
          await Deno.writeTextFile(`${dir}/note.txt`, "noted");
          return `${dir}/note.txt`;
        }
      }
      const seen = await plugin.execute<Seen>(isAsync ? { url, note: new Note() } : { url });
      assertEquals([seen.url!.size, seen.url!.path.endsWith(".py")], [(await Deno.stat(url)).size, true]);
      if (isAsync) assertEquals([seen.note!.size, seen.note!.path.endsWith(".txt")], [5, true]);
    });
  }

  if (!isAsync) continue;

  Deno.test(`${name}: a stream of bytes becomes a file, however long it is and in whatever pieces it comes`, async () => {
    await using reached = await reach("hands_over");
    const { plugin, files } = reached;
    const data = pattern(LARGE);
    const pieces = [data.subarray(0, 1), new Uint8Array(0), data.subarray(1, 70_000), data.subarray(70_000)];
    const seen = await plugin.execute<Seen>({
      stream: ReadableStream.from(pieces),
      empty: ReadableStream.from([]),
      blob: new Blob([data, data]).stream(),
    });
    assertEquals([seen.stream!.sha1, seen.empty!.size, seen.blob!.size], [await sha1(data), 0, 2 * LARGE]);
    await eventually(() => files().length === 0, "the end of the files");
  });

  Deno.test(`${name}: a source that fails fails the call with its own error, and leaves nothing`, async () => {
    await using reached = await reach("hands_over");
    const { plugin, files } = reached;
    const cause = new RangeError("the client has left");
    const stream = ReadableStream.from((async function* () {
      yield await Promise.resolve(pattern(LARGE));
      throw cause;
    })());
    const error = await assertRejects(() => plugin.execute({ first: pattern(9), stream }), CallError);
    assertEquals([error.code, error.cause], ["input_failed", cause]);
    assertStringIncludes(error.message, '"$.kwargs.stream" failed before all of it was read: the client has left');
    await eventually(() => files().length === 0, "the end of the files");
    assertEquals((await plugin.execute<Seen>({ data: pattern(9) })).data!.size, 9);
  });

  Deno.test(`${name}: a call is given up while its files are on their way, and nothing is left of it`, async () => {
    await using reached = await reach("hands_over");
    const { plugin, files } = reached;
    const abort = new AbortController();
    const halfway = Promise.withResolvers<void>();
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(pattern(LARGE)),
      pull: () => halfway.resolve(),
    });
    const call = plugin.execute({ stream }, { signal: abort.signal });
    call.catch(() => {});
    await within(halfway.promise, "the first of the bytes");
    await eventually(() => files().length === 1, "a part of the file");
    abort.abort(new Error("enough"));
    await assertRejects(() => call, Error, "enough");
    await eventually(() => files().length === 0, "the end of the file");
    assertEquals((await plugin.execute<Seen>({ data: pattern(9) })).data!.size, 9);
  });

  Deno.test(`${name}: calls with files at the same time do not mix`, async () => {
    await using reached = await reach("hands_over");
    const { plugin, files } = reached;
    const calls = Array.from({ length: 8 }, async (_, at) => {
      const data = pattern(LARGE + at);
      assertEquals((await plugin.execute<Seen>({ data })).data!.sha1, await sha1(data));
      const result = await plugin.execute<FileResult>({ action: "give", size: LARGE + at });
      assertEquals((await result.bytes()).length, LARGE + at);
      await letGo(result);
    });
    await Promise.all(calls);
    await eventually(() => files().length === 0, "the end of the files");
  });

  Deno.test(`${name}: a stream of files that is left early leaves none, and the plugin goes on`, async () => {
    await using reached = await reach("hands_over");
    const { plugin, files } = reached;
    for await (const chunk of plugin.executeStream<FileResult>({ action: "give", size: LARGE, count: 100 })) {
      assert(chunk.size === LARGE);
      await letGo(chunk);
      break;
    }
    assertEquals((await plugin.execute<Seen>({ data: pattern(9) })).data!.size, 9);
    await eventually(() => files().length === 0, "the end of the files");
  });
}
