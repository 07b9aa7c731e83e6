import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CallCancelledError, RemoteError, type RemotePluginProxy } from "@remote-plugin/proxy";
import { within } from "../support/guard.ts";
import { type Face, type FixtureOptions, gone, isRunning, startFixture } from "../support/fixture_proxy.ts";

const PYTHON: Face = { worker: "python", transport: "unix" };

async function startForking(options: FixtureOptions = {}): Promise<RemotePluginProxy> {
  return await startFixture(PYTHON, "forks", options);
}

/** Has the worker answer some calls, each with its own value: an answer too many would come to the next one. */
async function answersInOrder(plugin: RemotePluginProxy): Promise<void> {
  const values = Array.from({ length: 10 }, (_, number) => number);
  for (const value of values) assertEquals(await plugin.execute({ value }), value);
  assertEquals(await Promise.all(values.map((value) => plugin.execute({ value }))), values);
}

/** What a plugin prints until a line that matches. */
async function printedUntil(plugin: RemotePluginProxy, pattern: RegExp, call: () => Promise<unknown>): Promise<string> {
  const reading = (async () => {
    let text = "";
    for await (const record of plugin.logs) {
      text += `${record.text}\n`;
      if (pattern.test(text)) break;
    }
    return text;
  })();
  await call();
  return await within(reading, `a line of ${pattern}`);
}

const ENDS = {
  "by returning": [0, /the child speaks/],
  "by raising": [1, /ValueError: the child's own/],
  "by sys.exit()": [0, /the child speaks/],
  "by sys.exit(5)": [5, /the child speaks/],
  "by sys.exit(text)": [1, /the last word/],
  "by os._exit(6)": [6, undefined],
  "by exec": [7, undefined],
  "by the end of its thread": [0, /the child speaks, its thread, its exit handler/],
} as const;

for (const way of ["child", "in_coroutine"]) {
  for (const [ends, [code, printed]] of Object.entries(ENDS)) {
    // A thread of a coroutine's is a daemon, which no script waits for.
    if (way === "in_coroutine" && ends === "by the end of its thread") continue;
    Deno.test(`python: a child that a plugin forks ${way === "child" ? "in a call" : "in a coroutine"} ends ${ends} as in a script, and answers nobody`, async () => {
      await using plugin = await startForking();
      const call = async () => assertEquals(await plugin.execute({ way, ends }), code);
      if (printed === undefined) await call();
      else assertEquals((await printedUntil(plugin, printed, call)).includes("the parent's exit handler"), false);
      await answersInOrder(plugin);
    });
  }
}

Deno.test("python: the traceback of a forked child shows the plugin's frames, and none of the worker's", async () => {
  await using plugin = await startForking();
  const text = await printedUntil(plugin, /the child's own/, () => plugin.execute({ way: "child", ends: "by raising" }));
  assertStringIncludes(text, "in child\n");
  assertEquals(text.includes("remote-plugin worker"), false);
});

Deno.test("python: a child that ends while other calls run takes the answer of none", async () => {
  await using plugin = await startForking();
  assertEquals(await plugin.execute({ way: "pid_behind" }), "the parent's");
  await answersInOrder(plugin);
  assertEquals(await plugin.execute({ way: "wait_behind" }), 0);
  await answersInOrder(plugin);
});

Deno.test("python: a forked child reports no progress, and may ask for its folder and for a cancellation", async () => {
  await using plugin = await startForking();
  const messages: string[] = [];
  assertEquals(await plugin.execute({ way: "helpers" }, { onProgress: ({ message }) => messages.push(message) }), 8);
  assertEquals(messages, []);
});

for (const isAsync of [false, true]) {
  Deno.test(`python: ${isAsync ? "an asynchronous" : "a"} stream whose plugin forks between two chunks has each chunk once`, async () => {
    await using plugin = await startForking();
    const chunks = await Array.fromAsync(plugin.executeStream({ count: 100, is_async: isAsync }));
    assertEquals(chunks, ["first", ...Array.from({ length: 100 }, (_, number) => number), { end: isAsync ? 12 : 11 }]);
    await answersInOrder(plugin);
  });
}

for (const method of ["fork", "spawn", "forkserver"]) {
  Deno.test(`python: multiprocessing by "${method}" works as in a script`, async () => {
    const folder = await Deno.makeTempDir(); // what a server of forks keeps in it, it removes at an end that a worker does not come to
    {
      await using plugin = await startForking({ manifest: { env_vars: { TMPDIR: folder } } });
      assertEquals(await plugin.execute({ way: "with_multiprocessing", method }), [0, 2, 4, 6]);
      await answersInOrder(plugin);
    }
    await Deno.remove(folder, { recursive: true });
  });
}

const OTHER_WAYS = {
  with_executor: [0, 2, 4, 6],
  with_preexec: 10,
  by_c: 0,
  pty: ["on a terminal of its own", 0],
  in_thread: [0],
  in_task: 0,
  awaiting: 1, // there is no loop in the child, which says so
} as const;

for (const [way, result] of Object.entries(OTHER_WAYS)) {
  Deno.test(`python: a child that a plugin makes in the way "${way}" ends as in a script, and answers nobody`, async () => {
    await using plugin = await startForking();
    assertEquals(await plugin.execute({ way }), result);
    await answersInOrder(plugin);
  });
}

Deno.test("python: a child that is forked at import, in initialize(), in get_current_config() or in cancel() answers nobody", async () => {
  await using plugin = await startForking({ manifest: { env_vars: { FORKS_AT: "import" } } });
  await plugin.initialize({});
  assertEquals(await plugin.getCurrentConfig(), { end: 0 });
  const held = assertRejects(() => plugin.execute({ way: "awaiting", seconds: 3600 }), CallCancelledError);
  while ((await plugin.getStats()).calls.running === 0);
  await plugin.cancel();
  await held;
  let told: Record<string, number> = {};
  while (told.cancel === undefined) told = await plugin.execute({ way: "told" });
  assertEquals(told, { import: 21, initialize: 22, cancel: 23 });
  await answersInOrder(plugin);
});

Deno.test("python: a child that is forked while an exception is described answers nobody", async () => {
  await using plugin = await startForking();
  await assertRejects(() => plugin.execute({ way: "in_str" }), RemoteError, "its child ended with 0");
  await answersInOrder(plugin);
});

Deno.test("python: children that are forked in several lanes at once, which print meanwhile, end as in a script and answer nobody", async () => {
  await using plugin = await startForking({ manifest: { max_concurrency: 3 } });
  const calls = Array.from(
    { length: 30 },
    (_, number) => number % 2 === 0 ? plugin.execute({ way: "child", ends: "by sys.exit(5)" }) : plugin.execute({ value: number }),
  );
  assertEquals(await Promise.all(calls), calls.map((_, number) => number % 2 === 0 ? 5 : number));
  await answersInOrder(plugin);
});

Deno.test("python: a child that lives on keeps no host waiting, and is gone with its worker", async () => {
  const plugin = await startForking();
  const { pid } = await plugin.execute<{ pid: number }>({ way: "daemon" });
  await answersInOrder(plugin);
  assertEquals(await isRunning(pid), true);
  await plugin.cleanup();
  await plugin.exited;
  await gone(pid);
});
