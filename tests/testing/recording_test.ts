import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import {
  CallCancelledError,
  CallError,
  CallTimeoutError,
  type FileResult,
  PluginError,
  PluginStateError,
  type Progress,
  RemoteError,
  type RemotePluginProxy,
  WorkerExitError,
} from "@remote-plugin/proxy";
import { chaos, recordPlugin, replayPlugin } from "@remote-plugin/proxy/testing";
import { BOTH, startBlocking, startFixture } from "../support/fixture_proxy.ts";
import { ManagerWatch } from "../support/managed_plugins.ts";

/** A folder for a recording. */
class Place implements AsyncDisposable {
  readonly #folder: string = Deno.makeTempDirSync({ prefix: "talk-" });
  readonly path: string = join(this.#folder, "talk.json");

  /** The names of the files beside the recording. */
  names(): string[] {
    const folder = join(this.#folder, "talk.files");
    return [...Deno.readDirSync(this.#folder)].some(({ name }) => name === "talk.files")
      ? [...Deno.readDirSync(folder)].map(({ name }) => name)
      : [];
  }

  file(name: string): string {
    return join(this.#folder, "talk.files", name);
  }

  async edit(change: (text: string) => string): Promise<void> {
    await Deno.writeTextFile(this.path, change(await Deno.readTextFile(this.path)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** What a caller sees of a call. */
async function seen(plugin: Pick<RemotePluginProxy, "executeStream">, kwargs: Record<string, unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  const onProgress = (report: Progress) => all.push(report);
  try {
    for await (const chunk of plugin.executeStream(kwargs, { onProgress })) all.push(chunk);
  } catch (error) {
    all.push(error instanceof RemoteError ? [error.constructor.name, error.message, error.traceback, error.category] : error);
  }
  return all;
}

/** Makes a call that goes on for ever, and cancels it. */
async function cancelled(plugin: RemotePluginProxy): Promise<void> {
  const open = assertRejects(() => plugin.execute({ then: "holds" }), CallCancelledError);
  while ((await plugin.getStats()).calls.running === 0);
  assertEquals(await plugin.cancel(), true);
  await open;
}

/** What a plugin finds in a file. */
async function described(plugin: Pick<RemotePluginProxy, "execute">, path: unknown): Promise<{ size: number; sha1: string }> {
  const { path: found } = await plugin.execute<{ path: { size: number; sha1: string } }>({ action: "describe", path });
  return found;
}

for (const face of BOTH) {
  const { worker } = face;
  const test = (name: string, fn: () => Promise<void>) => Deno.test(`${worker}: ${name}`, fn);

  test("a recording answers as the plugin did: results, chunks, progress, errors, numbers that JSON lacks", async () => {
    await using place = new Place();
    const talk = async (of: (fixture: string) => Promise<RemotePluginProxy>): Promise<unknown> => {
      await using reports = await of("reports");
      return [await seen(reports, { steps: [[0.5, "a"], [1, "b"]] }), reports.name, reports.version, await reports.getSignatures()];
    };
    const recorded = await talk(async (fixture) => await recordPlugin(await startFixture(face, fixture), place.path));
    assertEquals(await talk(() => replayPlugin(place.path)), recorded);
    {
      await using raises = await recordPlugin(await startFixture(face, "raises"), place.path);
      await assertRejects(() => raises.execute(), RemoteError);
    }
    await using raises = await replayPlugin(place.path);
    const error = await assertRejects(() => raises.execute(), RemoteError);
    assert(error.traceback.includes("plugin."), error.traceback);
    {
      await using givesBack = await recordPlugin(await startFixture(face, "gives_back"), place.path);
      assertEquals(await givesBack.execute({ value: [NaN, -0, Infinity, "\u{1F600}"] }), [NaN, -0, Infinity, "\u{1F600}"]);
    }
    await using givesBack = await replayPlugin(place.path);
    assertEquals(await givesBack.execute({ value: [NaN, -0, Infinity, "\u{1F600}"] }), [NaN, -0, Infinity, "\u{1F600}"]);
    await assertRejects(() => givesBack.execute({ value: ["NaN", 0, "Infinity", "\u{1F600}"] }), CallError, "is not in the recording");
  });

  test("files that were given and got lie beside the recording, and tell calls apart", async () => {
    await using place = new Place();
    const bytes = new TextEncoder().encode("some bytes");
    {
      await using plugin = await recordPlugin(await startFixture(face, "hands_over"), place.path);
      await using given = await plugin.execute<FileResult>({ action: "give", size: 100_000 });
      assertEquals((await given.bytes()).length, 100_000);
      for await (await using chunk of plugin.executeStream<FileResult>({ size: 3 })) {
        assertEquals(await chunk.bytes(), new Uint8Array([0, 1, 2]));
      }
      assertEquals((await described(plugin, ReadableStream.from([bytes]))).size, bytes.length);
      assertEquals((await described(plugin, given)).sha1, (await described(plugin, await given.bytes())).sha1);
    }
    await using plugin = await replayPlugin(place.path, { speed: Infinity });
    await using given = await plugin.execute<FileResult>({ action: "give", size: 100_000 });
    assertEquals([(await given.bytes()).length, given.mediaType], [100_000, "application/octet-stream"]);
    assertEquals((await described(plugin, bytes)).size, bytes.length);
    assertEquals((await described(plugin, await given.bytes())).size, 100_000);
    const error = await assertRejects(() => described(plugin, new Uint8Array(1)), CallError, "the file ");
    assertEquals(error.code, "not_recorded");
    const [name] = place.names();
    await Deno.writeTextFile(place.file(name!), "changed");
    await assertRejects(() => plugin.execute({ action: "give", size: 100_000 }).then((file) => (file as FileResult).bytes()), PluginError);
  });

  test("the end of a worker is recorded with what it printed, and a call that was given up is not answered", async () => {
    await using place = new Place();
    {
      await using plugin = await recordPlugin(await startFixture(face, "stubborn"), place.path);
      await assertRejects(() => plugin.execute({ then: "holds" }, { timeoutMs: 30 }), CallTimeoutError);
      await assertRejects(() => plugin.execute({ then: "exit", value: 7 }), WorkerExitError);
    }
    await using plugin = await replayPlugin(place.path, { speed: Infinity });
    const error = await assertRejects(() => plugin.execute({ then: "exit", value: 7 }), WorkerExitError);
    assertEquals([error.calls, error.exitCode !== null || error.signal !== null], [["execute"], true]);
    await assertRejects(() => plugin.execute({ then: "holds" }, { timeoutMs: 20 }), CallTimeoutError);
    await cancelled(plugin);
  });

  test("a call that was cancelled is one that was given up, and waits to be cancelled again", async () => {
    await using place = new Place();
    {
      await using plugin = await recordPlugin(await startFixture(face, "stubborn"), place.path);
      await cancelled(plugin);
    }
    await using plugin = await replayPlugin(place.path, { speed: Infinity });
    await cancelled(plugin);
  });

  test("the same call is answered in the order of its recording, and then as the last time", async () => {
    await using place = new Place();
    const said: unknown[] = [];
    for (const append of [false, true]) {
      await using plugin = await recordPlugin(await startFixture(face, "configured"), place.path, { append });
      said.push(await plugin.execute());
      await plugin.prefetch();
      said.push(await plugin.execute());
    }
    await using plugin = await replayPlugin(place.path);
    const again = [];
    for (let times = 0; times < 6; times++) again.push(await plugin.execute());
    assertEquals(again, [...said, said[3], said[3]]);
    assertEquals(new Set(said.map((one) => JSON.stringify(one))).size, 2);
  });

  test("methods by their names are recorded, and crash under chaos, as execute does", async () => {
    await using place = new Place();
    const talk = async (plugin: RemotePluginProxy): Promise<unknown> => {
      await using _ = plugin;
      return [await plugin.call("shout", { text: "a", times: 2 }), await Array.fromAsync(plugin.stream("words", { text: "b c" }))];
    };
    const recorded = await talk(await recordPlugin(await startFixture(face, "methods"), place.path));
    assertEquals(await talk(await replayPlugin(place.path)), recorded);
    await using plugin = await replayPlugin(place.path);
    await assertRejects(() => plugin.call("shout", { text: "a", times: 3 }), CallError, `"times" is 2, and here it is 3`);
    await assertRejects(() => plugin.call("words", { text: "b c" }), CallError, "not in the recording");
    await assertRejects(() => chaos(plugin, { crash: 1 }).call("shout", { text: "a", times: 2 }), WorkerExitError, 'while it ran "shout"');
  });

  test("configurations are recorded as well", async () => {
    await using place = new Place();
    {
      await using plugin = await recordPlugin(await startFixture(face, "configured"), place.path);
      await plugin.initialize({ model: "large" });
    }
    await using plugin = await replayPlugin(place.path);
    await plugin.initialize({ model: "large" });
    await plugin.reconfigure({ model: "small" }); // Of which nothing was recorded.
    await assertRejects(() => plugin.initialize({ model: "tiny" }), CallError, `"model" is "large", and here it is "tiny"`);
  });
}

Deno.test("a call that was never recorded is an error with the nearest one, and the next call works", async () => {
  await using place = new Place();
  {
    await using plugin = await recordPlugin(await startFixture(BOTH[0]!, "echo"), place.path);
    await plugin.execute({ text: "hello", beams: 5 });
    await plugin.execute({ text: "good bye" }, { args: [1] });
  }
  await using plugin = await replayPlugin(place.path);
  const error = await assertRejects(() => plugin.execute({ text: "hello", beams: 6 }), CallError);
  assertEquals(error.code, "not_recorded");
  assertStringIncludes(error.message, `In the nearest one "beams" is 5, and here it is 6`);
  await assertRejects(() => plugin.execute({ text: "good bye" }), CallError, `"the positional argument 0" is 1, and here it is missing`);
  await assertRejects(() => Array.fromAsync(plugin.executeStream({})), CallError, `It has calls of "execute" alone`);
  assertEquals(await plugin.execute({ beams: 5, text: "hello" }), { args: [], kwargs: { text: "hello", beams: 5 } });
  await assertRejects(() => replayPlugin(place.path, { version: "9" }), PluginError, "and 9 is wanted");
});

Deno.test("what comes takes its time again, or as little as is wanted", async () => {
  await using place = new Place();
  {
    await using plugin = await recordPlugin(await startFixture(BOTH[0]!, "naps"), place.path);
    await plugin.execute({ seconds: 0.2 });
  }
  const timed = async (speed?: number): Promise<number> => {
    await using plugin = await replayPlugin(place.path, { speed });
    const began = performance.now();
    await plugin.execute({ seconds: 0.2 });
    return performance.now() - began;
  };
  assert(await timed() >= 190);
  assert(await timed(2) >= 95);
  assert(await timed(Infinity) < 100);
  for (const speed of [0, -1, NaN]) await assertRejects(() => replayPlugin(place.path, { speed }), RangeError);
});

Deno.test("a manager's plugin is recorded as any other", async () => {
  await using place = new Place();
  await using watch = await ManagerWatch.of("naps");
  const pid = await (async () => {
    await using plugin = await recordPlugin(watch.manager.get("naps"), place.path);
    return await plugin.execute();
  })();
  await using plugin = await replayPlugin(place.path);
  assertEquals([await plugin.execute(), plugin.name, plugin.version], [pid, "naps", "1.2.3"]);
});

Deno.test("what is no recording, or one of another version, is refused by its reason", async () => {
  await using place = new Place();
  const refused = async (what: string): Promise<void> => {
    const error = await assertRejects(() => replayPlugin(place.path), PluginError, what);
    assertEquals(error.code, "invalid_recording");
  };
  await refused("Make it by recordPlugin()");
  for (
    const [text, what] of [
      ["", "it is no JSON: Unexpected end of JSON input"],
      ['{"recording": 1,}', "it is no JSON: "],
      ["[]", "it is no recording"],
      ["null", "it is no recording"],
      ['{"name": "x"}', "it is no recording"],
      ['{"recording": 2}', "it is of version 2 of the format, and this release reads version 1. Record it again"],
      ['{"recording": 1}', '"$.plugin" is missing'],
      ['{"recording": 1, "plugin": {"name": "x", "version": "1"}, "calls": [{}]}', '"$.calls[0].member" is missing'],
    ] as const
  ) {
    await Deno.writeTextFile(place.path, text);
    await refused(what);
  }
  for (
    const [frame, what] of [
      [{ at_ms: "soon", result: 1 }, 'at_ms" is "soon", wanted is number'],
      [{ at_ms: -1, chunk: 1 }, 'at_ms" is -1, wanted is >=0'],
      [{ at_ms: 0, progress: 0.5 }, 'message" is missing'],
      [{ at_ms: 0, error: { message: "x" } }, 'error.name" is missing'],
      [{ at_ms: 0 }, 'result" is missing'],
    ] as const
  ) {
    const calls = [{ member: "execute", arguments: { args: [], kwargs: {} }, frames: [frame] }];
    await Deno.writeTextFile(place.path, JSON.stringify({ recording: 1, plugin: { name: "x", version: "1" }, calls }));
    await refused(`"$.calls[0].frames[0].${what}`);
  }
  const made = async (call: Record<string, unknown>, what: string): Promise<void> => {
    const calls = [{ arguments: { args: [], kwargs: {} }, ...call, frames: [] }];
    await Deno.writeTextFile(place.path, JSON.stringify({ recording: 1, plugin: { name: "x", version: "1" }, calls }));
    await refused(what);
  };
  for (const member of ["cleanup", "cancel", "constructor", "__proto__", "hasOwnProperty", "extension", "name", "Execute", ""]) {
    await made({ member }, `"$.calls[0].member" is "${member}", wanted is ("execute" | `);
  }
  await made({ member: 1 }, '"$.calls[0].member" is 1, wanted is ("execute" | ');
  await made({ member: "call" }, '"$.calls[0].method" is missing, and "call" takes one');
  await made({ member: "execute", method: "shout" }, '"$.calls[0].method" is given, and "execute" takes none');
  for (const kwargs of [[], null, 1]) {
    await made({ member: "execute", arguments: { args: [], kwargs } }, '"$.calls[0].arguments.kwargs" is ');
  }
  const written = async (frame: Record<string, unknown>): Promise<void> => {
    const call = { member: "execute", arguments: { args: [], kwargs: {} }, frames: [{ at_ms: 0, ...frame }] };
    await Deno.writeTextFile(place.path, JSON.stringify({ recording: 1, plugin: { name: "x", version: "1" }, calls: [call] }));
    await using plugin = await replayPlugin(place.path);
    const error = await assertRejects(() => plugin.execute(), PluginError);
    assertEquals(error.code, "invalid_recording", error.message);
  };
  const outside = { file: "../../etc/passwd", sha256: "", size: 1, media_type: "text/plain" };
  const file = { "": "file" };
  for (const result of [outside, { ...outside, file: "talk.files/.." }, { ...outside, file: "talk.files/gone" }, {}, 1]) {
    await written({ result, types: file });
  }
  await written({ result: { a: 1 }, types: { "/b": "number" } });
  await written({ result: 1, types: { "no pointer": "file" } });
});

Deno.test("what is written by hand may say of an error no more than its message", async () => {
  await using place = new Place();
  const frames = [{ at_ms: 0, error: { name: "RemoteError", message: "It is full", code: "remote_error" } }];
  const calls = [{ member: "execute", arguments: { args: [], kwargs: {} }, frames }];
  await Deno.writeTextFile(place.path, JSON.stringify({ recording: 1, plugin: { name: "x", version: "1" }, calls }));
  await using plugin = await replayPlugin(place.path);
  const error = await assertRejects(() => plugin.execute(), RemoteError, "It is full");
  assertEquals([error.remoteType, error.remoteMessage, error.traceback], ["Error", "It is full", ""]);
});

Deno.test("arguments may have names that JavaScript's own objects have", async () => {
  await using place = new Place();
  const kwargs = JSON.parse('{"constructor": 1, "prototype": 2, "__proto__": 3, "toString": 4}');
  {
    await using plugin = await recordPlugin(await startFixture(BOTH[0]!, "echo"), place.path);
    await plugin.execute(kwargs);
  }
  await using plugin = await replayPlugin(place.path);
  assertEquals(await plugin.execute(kwargs), { args: [], kwargs });
});

Deno.test("the folder of a recording is made, and what it could not be written to is told in the beginning", async () => {
  await using place = new Place();
  const path = join(place.path, "deeper", "talk.json");
  {
    await using plugin = await recordPlugin(await startFixture(BOTH[0]!, "echo"), path);
    await plugin.execute();
  }
  await using replayed = await replayPlugin(path);
  assertEquals(await replayed.execute(), { args: [], kwargs: {} });
  await using plugin = await startFixture(BOTH[0]!, "echo");
  await assertRejects(() => recordPlugin(plugin, place.path), PluginError, "it is a folder");
});

Deno.test("a file among the arguments that cannot be read, or never ends, fails the call as without a recording, and is not recorded", async () => {
  await using place = new Place();
  const endless = () => ({ path: new ReadableStream({ pull: () => new Promise(() => {}) }) });
  const broken = () => ({ path: new ReadableStream({ pull: () => Promise.reject(new Error("the client has left")) }) });
  {
    await using plugin = await recordPlugin(await startFixture(BOTH[0]!, "echo"), place.path);
    await assertRejects(() => plugin.execute(endless(), { timeoutMs: 20 }), CallTimeoutError, "20 ms");
    const end = new AbortController();
    const ended = assertRejects(() => plugin.execute(endless(), { signal: end.signal }), DOMException);
    end.abort();
    await ended;
    const failed = await assertRejects(() => plugin.execute(broken()), CallError, "failed before all of it was read: the client has left");
    assertEquals(failed.code, "input_failed");
    const missing = { path: new URL("file:///nowhere/talk.wav") };
    await assertRejects(() => plugin.execute(missing), CallError, 'the value at "$.kwargs.path" cannot become a file');
    await assertRejects(() => plugin.execute(endless(), { timeoutMs: -1 }), CallError, "timeoutMs");
  }
  assertEquals(JSON.parse(await Deno.readTextFile(place.path)).calls, []);
});

Deno.test("what cannot be recorded is refused, and a recording of another plugin is not gone on with", async () => {
  await using place = new Place();
  {
    await using plugin = await recordPlugin(await startFixture(BOTH[0]!, "echo"), place.path);
    await assertRejects(() => plugin.execute({ value: () => 1 }), CallError, 'Cannot record "execute" of "echo"');
    assertEquals(await plugin.execute(), { args: [], kwargs: {} });
  }
  await using other = await startFixture(BOTH[0]!, "reports");
  await assertRejects(() => recordPlugin(other, place.path, { append: true }), PluginError, 'that is a recording of "echo"');
  using blocking = await startBlocking(BOTH[0]!, "echo");
  await assertRejects(() => recordPlugin(blocking as unknown as RemotePluginProxy, place.path), PluginStateError, "RemotePluginProxy");
});
