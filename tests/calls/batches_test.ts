import { assert, assertEquals, assertInstanceOf, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  CallCancelledError,
  CallError,
  CallTimeoutError,
  type FileResult,
  type Manifest,
  ManifestError,
  PluginStateError,
  type Progress,
  RemoteError,
  RemotePluginProxy,
  WorkerExitError,
  WorkerStartError,
} from "@remote-plugin/proxy";
import {
  BOTH,
  BOTH_OF_EITHER,
  BOTH_WIRES,
  type Face,
  fixtureManifest,
  labelOf,
  startEither,
  startFixture,
} from "../support/fixture_proxy.ts";
import { eventually, within } from "../support/guard.ts";

/** Long enough for all calls of a test to come, which fill the batch as a rule. */
const BATCH = { max_size: 4, max_wait_ms: 2_000 };

interface Answer {
  readonly value: number;
  readonly size: number;
}

async function start(face: Face, manifest: Partial<Manifest> = {}): Promise<RemotePluginProxy> {
  return await startFixture(face, "gathers", { manifest: { batch: BATCH, ...manifest }, cancelBudgetMs: 500 });
}

/** Runs as many calls as fill a batch, with the values from 0 on. The first one may wish for something. */
function batchOf(plugin: RemotePluginProxy, then = "answer", onProgress?: (progress: Progress) => void): Promise<unknown>[] {
  const calls = Array.from({ length: BATCH.max_size }, (_, value) => {
    return plugin.execute({ value, then: value === 0 ? then : "answer" }, { onProgress });
  });
  for (const call of calls) call.catch(() => {});
  return calls;
}

/** What those calls answer. */
const ANSWERS: Answer[] = Array.from({ length: BATCH.max_size }, (_, value) => ({ value, size: BATCH.max_size }));

async function firstOf(stream: AsyncIterable<Answer>): Promise<Answer> {
  const [first] = await Array.fromAsync(stream);
  return first!;
}

async function journalOf(plugin: RemotePluginProxy): Promise<unknown> {
  return (await plugin.getCurrentConfig()).journal;
}

for (const face of BOTH_WIRES) {
  const label = labelOf(face);

  Deno.test(`${label}: calls that are open together run together, and each gets its own answer`, async () => {
    await using plugin = await start(face);
    const answers = await Promise.all(Array.from({ length: 12 }, (_, value) => plugin.execute<Answer>({ value })));
    assertEquals(answers, Array.from({ length: 12 }, (_, value) => ({ value, size: 4 })));
    assertEquals(await journalOf(plugin), [4, 4, 4]);
  });

  Deno.test(`${label}: a batch that waits for longer than a timer can begins when it is full`, async () => {
    for (const max_concurrency of [1, 2]) {
      await using plugin = await start(face, { batch: { max_size: 2, max_wait_ms: Number.MAX_SAFE_INTEGER }, max_concurrency });
      const first = plugin.execute<Answer>({ value: 0 });
      await plugin.getProgress();
      assertEquals(await Promise.all([first, plugin.execute<Answer>({ value: 1 })]), [{ value: 0, size: 2 }, { value: 1, size: 2 }]);
    }
  });

  Deno.test(`${label}: a method that is called by its name runs alone, between batches`, async () => {
    await using plugin = await start(face, { max_concurrency: 1 });
    const names = await Promise.all([
      plugin.call("shout", { text: "a" }),
      plugin.execute({ value: 1 }),
      plugin.call("shout", { text: "b" }),
    ]);
    assertEquals(names, ["A", { value: 1, size: 1 }, "B"]);
  });

  Deno.test(`${label}: each call of a batch has its own progress, error and files`, async () => {
    await using plugin = await start(face);
    const progress: unknown[] = [];
    const wishes = ["answer", "fail", "unsendable", "file"];
    const calls = wishes.map((then, value) =>
      plugin.execute({ value, then }, { onProgress: (frame) => progress.push([value, frame.message]) })
    );
    const [answer, failure, unsendable, file] = await Promise.allSettled(calls);
    assertEquals(answer, { status: "fulfilled", value: { value: 0, size: 4 } });
    assert(failure?.status === "rejected" && unsendable?.status === "rejected" && file?.status === "fulfilled");
    assertInstanceOf(failure.reason, RemoteError);
    assertEquals([failure.reason.remoteMessage, failure.reason.category], ["not 1", "user_input"]);
    assertStringIncludes(unsendable.reason.message, 'The result at "$"');
    await using result = file.value as FileResult;
    assertEquals(new TextDecoder().decode(await result.bytes()), "3");
    assertEquals(progress.toSorted(), [[0, "item 0"], [1, "item 1"], [2, "item 2"], [3, "item 3"]]);
  });

  Deno.test(`${label}: a call that is cancelled leaves its batch at once, and the others go on`, async () => {
    await using plugin = await start(face);
    const { pid } = plugin;
    const abort = new AbortController();
    const held = Promise.withResolvers<void>();
    const cancelled = plugin.execute({ value: 0, then: "hold" }, { signal: abort.signal });
    const late = plugin.execute({ value: 1 }, { timeoutMs: 1_000 });
    const others = [2, 3].map((value) =>
      plugin.execute<Answer>({ value }, { onProgress: ({ message }) => message === "holding" && held.resolve() })
    );
    await within(held.promise, "the batch");
    abort.abort(new Error("the user left"));
    await assertRejects(() => cancelled, Error, "the user left");
    await assertRejects(() => late, CallTimeoutError);
    // Longer than the budget after which a worker is ended that does not let go of a call.
    await new Promise((resolve) => setTimeout(resolve, 700));
    assertEquals((await plugin.getStats()).calls.running, 2);
    assertEquals(await journalOf(plugin), [4]);
    assertEquals(await Promise.all(others), [{ value: 2, size: 4 }, { value: 3, size: 4 }]);
    assertEquals(plugin.pid, pid);
  });

  Deno.test(`${label}: a call that is cancelled while a function of its own runs leaves its batch, and the others go on`, async () => {
    await using plugin = await start(face);
    const { pid } = plugin;
    const abort = new AbortController();
    const asked = Promise.withResolvers<void>();
    const never = () => (asked.resolve(), new Promise(() => {}));
    const cancelled = plugin.execute({ value: 0, then: "ask", function: never }, { signal: abort.signal });
    cancelled.catch(() => {});
    const others = [1, 2, 3].map((value) => plugin.execute({ value, then: "ask", function: () => value }));
    await within(asked.promise, "the function");
    abort.abort(new Error("the user left"));
    await assertRejects(() => cancelled, Error, "the user left");
    assertEquals(await within(Promise.all(others), "the others"), [1, 2, 3]);
    assertEquals(await Promise.all(batchOf(plugin)), ANSWERS);
    assertEquals(plugin.pid, pid);
  });

  Deno.test(`${label}: a function that calls its own plugin while its batch runs is refused, and the batch goes on`, async () => {
    await using plugin = await start(face);
    const calls = [() => plugin.execute({ value: 9 }), () => plugin.call("any"), () => 2, () => 3].map((run, value) =>
      plugin.execute({ value, then: "ask", function: run })
    );
    const [first, second, ...others] = await within(Promise.allSettled(calls), "the batch") as PromiseRejectedResult[];
    for (const refused of [first, second]) assertInstanceOf(refused!.reason.cause, PluginStateError);
    assertEquals(others.map(({ status }: { status: string }) => status), ["fulfilled", "fulfilled"]);
    assertEquals(await Promise.all(batchOf(plugin)), ANSWERS);
  });

  Deno.test(`${label}: a batch that nobody waits for is interrupted, and the next one runs in the same worker`, async () => {
    await using plugin = await start(face);
    const { pid } = plugin;
    const spins = Promise.withResolvers<void>();
    const calls = batchOf(plugin, "spin", () => spins.resolve());
    await within(spins.promise, "the batch");
    assertEquals(await plugin.cancel(), true);
    for (const call of calls) await assertRejects(() => call, CallCancelledError);
    assertEquals(await Promise.all(batchOf(plugin)), ANSWERS);
    assertEquals([plugin.pid, await journalOf(plugin)], [pid, [4, "cancel", 4]]);
  });

  Deno.test(`${label}: a batch that goes wrong is a typed error of each of its calls, and the next one runs`, async () => {
    await using plugin = await start(face);
    const wanted: Record<string, RegExp> = {
      "raise": /no such model/,
      "few": /gave 3 answers to 4 items; wanted is one for each, in their order/,
      "many": /gave 5 answers to 4 items/,
      "no list": /gave a value of type "(dict|object)"; wanted is a list with an answer for each item/,
    };
    for (const [then, message] of Object.entries(wanted)) {
      for (const { status, reason } of await Promise.allSettled(batchOf(plugin, then)) as PromiseRejectedResult[]) {
        assertEquals(status, "rejected");
        assertInstanceOf(reason, RemoteError);
        assert(message.test(reason.remoteMessage), reason.remoteMessage);
      }
    }
    assertEquals(await Promise.all(batchOf(plugin)), ANSWERS);
  });

  Deno.test(`${label}: a worker that dies in a batch loses the calls that it has, and what waits for it runs on the next one`, async () => {
    await using plugin = await start(face, { restart: { mode: "on_failure", initial_delay_ms: 1 } });
    const { pid } = plugin;
    const call = (value: number, idempotent = false) => plugin.execute<Answer>({ value }, { idempotent });
    // The worker has two batches of four at most.
    const has = [...batchOf(plugin, "exit"), call(4), call(5), call(6)];
    const again = call(7, true);
    const waits = [call(8), call(9), call(10)];
    for (const lost of await Promise.all(has.map((one) => assertRejects(() => one, WorkerExitError)))) {
      assertEquals(lost.calls, Array(8).fill("execute"));
      assertStringIncludes(lost.message, 'while it ran "execute" (8 calls)');
    }
    assertEquals((await Promise.all([again, ...waits])).map(({ value }) => value), [7, 8, 9, 10]);
    assertNotEquals(plugin.pid, pid);
  });

  Deno.test(`${label}: a thousand calls of several kinds, of which many are cancelled, each get their own answer`, async () => {
    await using plugin = await start(face, { batch: { max_size: 8, max_wait_ms: 1 }, max_concurrency: 2 });
    const outcomes = Array.from({ length: 1_000 }, async (_, value) => {
      const signal = value % 3 === 0 ? AbortSignal.timeout(value % 50) : undefined;
      if (value % 7 === 0) return await plugin.initialize({});
      const call = value % 5 === 0
        ? firstOf(plugin.executeStream<Answer>({ value }, { signal }))
        : plugin.execute<Answer>({ value }, { signal });
      await call.then((answer) => assertEquals(answer.value, value), (error) => assert(signal?.aborted, String(error)));
    });
    await within(Promise.all(outcomes), "the calls");
    const { running, queued } = (await plugin.getStats()).calls;
    assertEquals([running, queued], [0, 0]);
  });
}

for (const face of BOTH_OF_EITHER) {
  Deno.test(`${labelOf(face)}: a call that stays alone runs when its wait is over, also as a stream`, async () => {
    await using plugin = await startEither(face, "gathers", { manifest: { batch: { max_wait_ms: 1 } } });
    assertEquals(await plugin.execute({ value: 1 }), { value: 1, size: 1 });
    assertEquals(await Array.fromAsync(plugin.executeStream({ value: 2 })), [{ value: 2, size: 1 }]);
  });
}

for (const face of BOTH) {
  const label = labelOf(face);

  Deno.test(`${label}: what is no execute runs in its place between batches, and does not wait for one to fill`, async () => {
    await using plugin = await start(face, { batch: { max_size: 4, max_wait_ms: 60_000 } });
    const before = [plugin.execute<Answer>({ value: 1 }), plugin.execute<Answer>({ value: 2 })];
    // Each has a connection of its own, of which any may be the first.
    await eventually(async () => {
      const { running, queued } = (await plugin.getStats()).calls;
      return running + queued === 2;
    }, "the two calls");
    await plugin.initialize({});
    assertEquals(await Promise.all(before), [{ value: 1, size: 2 }, { value: 2, size: 2 }]);
    await Promise.all(batchOf(plugin));
    assertEquals(await journalOf(plugin), [2, "initialize", 4]);
  });

  Deno.test(`${label}: programs that are attached have their calls run with those of others`, async () => {
    await using plugin = await start(face);
    await using first = await RemotePluginProxy.attach(plugin.endpoint!);
    await using second = await RemotePluginProxy.attach(plugin.endpoint!);
    const calls = [first, second, first, second].map((from, value) => from.execute<Answer>({ value }));
    assertEquals(await Promise.all(calls), ANSWERS);
  });

  Deno.test(`${label}: one program that is attached fills batches by itself`, async () => {
    await using plugin = await start(face);
    await using attached = await RemotePluginProxy.attach(plugin.endpoint!);
    const answers = await Promise.all(Array.from({ length: 8 }, (_, value) => attached.execute<Answer>({ value })));
    assertEquals(answers.map(({ size }) => size), Array(8).fill(4));
  });

  Deno.test(`${label}: with two lanes two batches run at once`, async () => {
    await using plugin = await start(face, { max_concurrency: 2 });
    const held = Promise.withResolvers<void>();
    const first = batchOf(plugin, "hold", ({ message }) => message === "holding" && held.resolve());
    await within(held.promise, "the first batch");
    assertEquals(await Promise.all(batchOf(plugin)), ANSWERS);
    await journalOf(plugin);
    assertEquals(await Promise.all(first), ANSWERS);
  });

  Deno.test(`${label}: a plugin without the method for batches is refused at its start`, async () => {
    const error = await assertRejects(() => startFixture(face, "echo", { manifest: { batch: {} } }), WorkerStartError);
    assertStringIncludes(error.message, "is to run calls in batches, and has no");
  });

  Deno.test(`${label}: a plugin with only the method for batches says what its manifest lacks`, async () => {
    await using plugin = await startFixture(face, "batch_only");
    const error = await assertRejects(() => plugin.execute({}), CallError);
    assertEquals(error.code, "not_supported");
    assertStringIncludes(error.message, 'which is called when the manifest has "batch"');
  });
}

Deno.test("python: arguments that do not fit fail their call alone, and those given by position get their names", async () => {
  await using plugin = await start({ worker: "python", transport: "unix" }, { batch: { max_size: 3, max_wait_ms: 2_000 } });
  const [wrong, right, third] = await Promise.allSettled([
    plugin.execute({ valeu: 1 }),
    plugin.execute(undefined, { args: [2] }),
    plugin.execute({ value: 3 }),
  ]);
  assert(wrong?.status === "rejected" && right?.status === "fulfilled" && third?.status === "fulfilled");
  assertStringIncludes(wrong.reason.message, "execute(): got an unexpected keyword argument 'valeu'");
  assertEquals([right.value, third.value], [{ value: 2, size: 2 }, { value: 3, size: 2 }]);
});

const WRONG: readonly [unknown, string][] = [
  [5, '"$.batch" is 5, wanted is an object'],
  [{ max_size: 0 }, '"$.batch.max_size" is 0, wanted is a whole number of at least 1'],
  [{ max_size: 1.5 }, '"$.batch.max_size" is 1.5'],
  [{ max_wait_ms: -1 }, '"$.batch.max_wait_ms" is -1'],
  [{ size: 3 }, "wanted is one of max_size, max_wait_ms"],
  [{ max_size: 129 }, '"$.batch.max_size" is 129, wanted is at most 128 beside a "max_concurrency" of 1'],
];

for (const [batch, message] of WRONG) {
  Deno.test(`a manifest with the batch ${JSON.stringify(batch)} is refused`, async () => {
    const manifest = { ...await fixtureManifest(BOTH[0]!, "gathers"), batch } as Manifest;
    const error = await assertRejects(() => RemotePluginProxy.start(manifest), ManifestError);
    assertStringIncludes(error.message, message);
  });
}

Deno.test("a manifest with a batch and a worker of the environment's own is refused", async () => {
  const manifest = { ...await fixtureManifest(BOTH[0]!, "gathers"), worker: "own_worker", batch: {} };
  const error = await assertRejects(() => RemotePluginProxy.start(manifest), ManifestError);
  assertStringIncludes(error.message, '"$.batch" is for the builtin worker');
});
