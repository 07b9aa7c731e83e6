import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { bytesFile, CallError, npyFile, RemotePluginProxy, WorkerExitError } from "@remote-plugin/proxy";
import { inMemoryWorker } from "@remote-plugin/proxy/testing";
import { BOTH, BOTH_WIRES, labelOf, ScratchWatch, startBlocking, startFixture } from "../support/fixture_proxy.ts";
import type { Described } from "../support/handed_over.ts";
import { sha1 } from "../support/bytes.ts";
import { ManagerWatch, pythonManifest } from "../support/managed_plugins.ts";

/** A value that its caller changes, and the bytes that a plugin is given of it. */
interface Changing {
  readonly value: object;
  readonly fill: (byte: number) => void;
}

const MIB = 1024 * 1024;

const KINDS: Readonly<Record<string, (size: number) => Changing>> = {
  "a Uint8Array": (size) => of(new Uint8Array(size), (bytes) => bytes),
  "a part of one": (size) => of(new Uint8Array(size + 20), (bytes) => bytes.subarray(10, size + 10)),
  "an ArrayBuffer": (size) => of(new Uint8Array(size), (bytes) => bytes.buffer),
  "a SharedArrayBuffer": (size) => of(new Uint8Array(new SharedArrayBuffer(size)), (bytes) => bytes.buffer),
  "a DataView": (size) => of(new Uint8Array(size), (bytes) => new DataView(bytes.buffer)),
  "a file with an extension": (size) => of(new Uint8Array(size), (bytes) => bytesFile(bytes, "mp4")),
};

function of<Bytes extends Uint8Array>(bytes: Bytes, value: (bytes: Bytes) => object): Changing {
  return { value: value(bytes), fill: (byte) => void bytes.fill(byte) };
}

/** Is made from something else than arrays are. */
class Samples extends Float32Array {
  readonly rate: number;

  constructor({ rate, values }: { readonly rate: number; readonly values: readonly number[] }) {
    super(values);
    this.rate = rate;
  }
}

for (const face of BOTH_WIRES) {
  Deno.test(`${labelOf(face)}: calls that wait have what they were made with, whatever their caller does with it then`, async () => {
    await using plugin = await startFixture(face, "echo");
    const state = { step: 0, list: [0], deep: { step: 0 } };
    const args = [state, 0];
    const calls = [1, 2, 3, 4, 5].map((step) => {
      state.step =
        state.list[0] =
        state.deep.step =
        args[1] =
          step;
      return plugin.execute({ state }, { args });
    });
    state.step = -1;
    args.length = 0;
    const then = (step: number) => ({ step, list: [step], deep: { step } });
    assertEquals(await Promise.all(calls), [1, 2, 3, 4, 5].map((step) => ({ args: [then(step), step], kwargs: { state: then(step) } })));
  });
}

for (const face of BOTH) {
  for (const [kind, make] of Object.entries(KINDS)) {
    Deno.test(`${face.worker}: ${kind} up to 1 MiB may be changed once a call has it`, async () => {
      await using plugin = await startFixture(face, "hands_over");
      for (const size of [1, 70_000, MIB]) {
        const { value, fill } = make(size);
        const calls = [1, 2, 3, 4, 5].map((byte) => {
          fill(byte);
          return plugin.execute<{ list: [Described] }>({ list: [value] });
        });
        fill(0);
        const seen = (await Promise.all(calls)).map(({ list }) => list[0].sha1);
        assertEquals(seen, await Promise.all([1, 2, 3, 4, 5].map((byte) => sha1(new Uint8Array(size).fill(byte)))));
      }
    });
  }

  Deno.test(`${face.worker}: an array of numbers and the URL of a file may be changed once a call has them`, async () => {
    await using plugin = await startFixture(face, "hands_over");
    const numbers = new Float32Array(4);
    const calls = [1, 2].map((value) => {
      numbers.fill(value);
      return plugin.execute<Record<string, Described>>({ numbers, shaped: npyFile(numbers, { shape: [2, 2] }) });
    });
    numbers.fill(0);
    const [first, second] = await Promise.all(calls);
    const expected = await Promise.all([1, 2].map((value) => plugin.execute<Record<string, Described>>(filled(value))));
    assertEquals([first!.numbers!.sha1, first!.shaped!.sha1], [expected[0]!.numbers!.sha1, expected[0]!.shaped!.sha1]);
    assertEquals([second!.numbers!.sha1, second!.shaped!.sha1], [expected[1]!.numbers!.sha1, expected[1]!.shaped!.sha1]);
    await using echo = await startFixture(face, "echo");
    const url = new URL("file:///one");
    const call = echo.execute({ url });
    url.pathname = "/two";
    assertEquals(await call, { args: [], kwargs: { url: "/one" } });
  });

  Deno.test(`${face.worker}: an array of a class of the caller's own arrives with all of its numbers`, async () => {
    await using plugin = await startFixture(face, "hands_over");
    const own = new Samples({ rate: 44_100, values: [1, 2] });
    const { given, plain } = await plugin.execute<Record<string, Described>>({ given: own, plain: new Float32Array([1, 2]) });
    assertEquals(given!.sha1, plain!.sha1);
  });

  Deno.test(`${face.worker}: a stream has what it was called with, not what is there when it is read`, async () => {
    await using plugin = await startFixture(face, "hands_over");
    const given = { action: "describe", note: { step: 1 }, data: new Uint8Array(10).fill(1) };
    const stream = plugin.executeStream<{ note: unknown; data: Described }>(given);
    given.note.step = 2;
    given.data.fill(2);
    const { value } = await stream.next();
    assertEquals([value!.note, value!.data.sha1], [{ step: 1 }, await sha1(new Uint8Array(10).fill(1))]);
    await stream.return();
  });

  Deno.test(`${face.worker}, blocking: a stream has what it was called with, not what is there when it is read`, async () => {
    using plugin = await startBlocking(face, "hands_over");
    const given = { action: "describe", note: { step: 1 }, data: new Uint8Array(10).fill(1) };
    const stream = plugin.executeStream<{ note: unknown; data: Described }>(given);
    given.note.step = 2;
    given.data.fill(2);
    const [value] = [...stream];
    assertEquals([value!.note, value!.data.sha1], [{ step: 1 }, await sha1(new Uint8Array(10).fill(1))]);
  });

  Deno.test(`${face.worker}: what a stream is called with and cannot be sent is told to who reads it`, async () => {
    await using plugin = await startFixture(face, "echo");
    using blocking = await startBlocking(face, "echo");
    const streams = [plugin, blocking].map((one) => one.executeStream({ value: 1n }));
    for (const stream of streams) await assertRejects(async () => void await stream.next(), CallError, '"$.kwargs.value" is a BigInt');
  });

  Deno.test(`${face.worker}: a call that is sent again, and one that waits for the next worker, have what they were made with`, async () => {
    await using scratch = await ScratchWatch.create();
    await using plugin = await startFixture(face, "stubborn", { manifest: { restart: { mode: "on_failure", initial_delay_ms: 1 } } });
    const again = { then: "die_once", value: join(scratch.path, "mark") };
    const first = plugin.execute(again, { idempotent: true });
    const later = { value: ["waited"] };
    const second = plugin.execute(later);
    again.then = "exit";
    later.value[0] = "changed";
    assertEquals([await first, await second], [join(scratch.path, "mark"), ["waited"]]);
    await Deno.remove(join(scratch.path, "mark"));
  });

  Deno.test(`${face.worker}: a worker that is started again is initialized with the configuration as it was given`, async () => {
    await using plugin = await startFixture(face, "stubborn", { manifest: { restart: { mode: "on_failure", initial_delay_ms: 1 } } });
    const config = { model: "large", layers: [1, 2] };
    const given = plugin.initialize(config);
    config.model = "changed at once";
    await given;
    config.layers.push(3);
    await assertRejects(() => plugin.execute({ then: "exit", value: 7 }), WorkerExitError);
    assertEquals(await plugin.getCurrentConfig(), { model: "large", layers: [1, 2] });
  });

  Deno.test(`${face.worker}: reconfigure() tells the plugin both configurations as they were given`, async () => {
    await using plugin = await startFixture(face, "configured");
    const config = { model: "a" };
    await plugin.initialize(config);
    config.model = "b";
    const given = plugin.reconfigure(config);
    config.model = "c";
    await given;
    assertEquals(await plugin.getCurrentConfig(), { old: { model: "a" }, new: { model: "b" } });
    await plugin.reconfigure({ model: "d" });
    assertEquals(await plugin.getCurrentConfig(), { old: { model: "b" }, new: { model: "d" } });
  });
}

function filled(value: number): Record<string, unknown> {
  const numbers = new Float32Array(4).fill(value);
  return { numbers, shaped: npyFile(numbers, { shape: [2, 2] }) };
}

Deno.test("a managed call that waits for the start of its plugin, or for a place, has what it was made with", async () => {
  await using watch = await ManagerWatch.of("echo");
  const plugin = watch.manager.get("echo");
  const given = { step: 0, nan: NaN };
  const calls = [1, 2, 3].map((step) => {
    given.step = step;
    return plugin.execute(given, { args: [given] });
  });
  given.step = -1;
  assertEquals(await Promise.all(calls), [1, 2, 3].map((step) => ({ args: [{ step, nan: NaN }], kwargs: { step, nan: NaN } })));
});

Deno.test("a managed stream, and a managed call's bytes, are those with which it was made", async () => {
  await using watch = await ManagerWatch.of("hands_over");
  const plugin = watch.manager.get("hands_over");
  const data = new Uint8Array(10).fill(1);
  const call = plugin.execute<{ data: Described }>({ data });
  const stream = plugin.executeStream<{ data: Described }>({ action: "describe", data });
  data.fill(2);
  const expected = await sha1(new Uint8Array(10).fill(1));
  assertEquals([(await call).data.sha1, (await Array.fromAsync(stream))[0]!.data.sha1], [expected, expected]);
});

Deno.test("a manager configures its workers with what it was given, and nobody changes that", async () => {
  await using watch = await ManagerWatch.create({ manifests: [await pythonManifest("configured", { restart: "never" })] });
  const { manager } = watch;
  const config = { model: "a", layers: [1] };
  const given = manager.configure("configured", config);
  config.model = "b";
  await given;
  config.layers.push(2);
  ((await manager.getConfig("configured"))!.layers as number[]).push(3);
  await manager.reload("configured");
  assertEquals(await manager.get("configured").getCurrentConfig(), { model: "a", layers: [1] });
});

Deno.test("a plugin in memory has values of its own", async () => {
  const kept: unknown[] = [];
  const worker = inMemoryWorker({
    name: "keeps",
    execute(kwargs: Record<string, unknown>) {
      kept.push(kwargs);
      (kwargs.list as number[]).push(2);
      return kwargs;
    },
  });
  await using plugin = await RemotePluginProxy.attach(worker);
  const given = { list: [1] };
  assertEquals(await plugin.execute(given), { list: [1, 2] });
  given.list.push(3);
  assertEquals([given.list, kept], [[1, 3], [{ list: [1, 2] }]]);
});
