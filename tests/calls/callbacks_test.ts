import { assert, assertEquals, assertInstanceOf, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { CallError, CallTimeoutError, PluginStateError, RemoteError, type RemotePluginProxy, WorkerExitError } from "@remote-plugin/proxy";
import { BOTH, BOTH_OF_EITHER, FACES_OF_EITHER, labelOf, startBlocking, startEither, startFixture } from "../support/fixture_proxy.ts";
import { eventually, within } from "../support/guard.ts";

interface BinaryLike {
  readonly size: number;
  readonly mediaType: string;
}

/** A call whose plugin waits for a function, which says when that is so and is given what it gives. */
async function waiting(plugin: RemotePluginProxy, kwargs: Record<string, unknown> = {}, signal?: AbortSignal) {
  const [called, given] = [Promise.withResolvers<void>(), Promise.withResolvers<unknown>()];
  const run = () => {
    called.resolve();
    return given.promise;
  };
  const outcome = plugin.execute({ function: run, ...kwargs }, { signal });
  outcome.catch(() => {});
  await within(called.promise, "the plugin to call the function");
  return { outcome, give: given.resolve };
}

for (const face of FACES_OF_EITHER) {
  Deno.test(`${labelOf(face)} over ${face.transport}: a plugin calls a function of the host's, and goes on with what that gave`, async () => {
    await using plugin = await startEither(face, "calls_back");
    const meanings = new Map([["bank", ["shore", "money"]]]);
    const lookup = (word: string) => meanings.get(word);
    assertEquals(await plugin.execute({ function: lookup, args: ["bank"] }), ["shore", "money"]);
    assertEquals(await plugin.execute({ function: lookup, args: ["river"] }), null, "nothing is null");
    assertEquals(
      await plugin.execute({ function: (i: number) => i * 2, do: "repeat", times: 50 }),
      Array.from({ length: 50 }, (_, i) => i * 2),
    );
  });
}

for (const face of BOTH_OF_EITHER) {
  const label = labelOf(face);

  Deno.test(`${label}: a stream calls functions between its chunks`, async () => {
    await using plugin = await startEither(face, "calls_back");
    const events: unknown[] = [];
    const run = (item: number) => {
      events.push(`asked ${item}`);
      return item * 10;
    };
    for await (const chunk of plugin.executeStream({ function: run, items: [1, 2, 3] })) events.push(chunk);
    assertEquals(events, ["asked 1", 10, "asked 2", 20, "asked 3", 30]);
  });

  Deno.test(`${label}: values pass in both directions as those of calls do, and names come behind what has none`, async () => {
    await using plugin = await startEither(face, "calls_back");
    const same = (...given: unknown[]) => given;
    const args = [NaN, -0, "\ud800", { nested: [Infinity, null] }];
    assertEquals(await plugin.execute({ function: same, args }), args);
    assertEquals(await plugin.execute({ function: same, args: [1], kwargs: { lang: "en" } }), [1, { lang: "en" }]);
  });

  Deno.test(`${label}: bytes that a plugin gives are a file for as long as the function runs, and bytes that it gets are bytes`, async () => {
    await using plugin = await startEither(face, "calls_back");
    for (const times of [3, 200_000]) {
      const seen: BinaryLike[] = [];
      const run = (file: BinaryLike) => {
        seen.push(file);
        return new Uint8Array(file.size + 1);
      };
      assertEquals(await plugin.execute({ function: run, do: "give_bytes", times }), [times + 1]);
      assertEquals([seen[0]!.size, seen[0]!.mediaType], [times, "application/octet-stream"]);
    }
    const kind = face.worker === "python" ? "bytes" : "Uint8Array";
    assertEquals(await plugin.execute({ function: () => new ArrayBuffer(2), do: "kind_of_result" }), kind);
  });

  Deno.test(`${label}: an error of a function is raised in the plugin with its class, message and stack`, async () => {
    await using plugin = await startEither(face, "calls_back");
    const fail = () => {
      throw new RangeError("no such word");
    };
    const told = await plugin.execute<Record<string, string>>({ function: fail, do: "catch" });
    assertEquals([told.type, told.message], ["RangeError", "RangeError: no such word"]);
    assertStringIncludes(told.traceback!, "callbacks_test.ts");
    assert(!told.traceback!.includes("/src/plugin/"), `the package's own frames are left out: ${told.traceback}`);
  });

  Deno.test(`${label}: an error of a function that the plugin lets out is the cause of the call's error`, async () => {
    await using plugin = await startEither(face, "calls_back");
    const fail = () => {
      throw new RangeError("no such word");
    };
    const error = await assertRejects(() => plugin.execute({ function: fail }), RemoteError);
    assertEquals([error.remoteType, error.remoteMessage], ["CallbackError", "RangeError: no such word"]);
    assertInstanceOf(error.cause, RangeError);
    assertEquals(error.cause.message, "no such word");
    assertStringIncludes(error.traceback, "callbacks_test.ts");
    const own = await assertRejects(() => plugin.execute({ function: () => 1, do: "raise_own" }), RemoteError, "of the plugin");
    assertEquals(own.cause, undefined);
    assertEquals(await plugin.execute({ function: () => 2 }), 2, "the next call works");
  });

  for (
    const [what, given, message] of [
      ["a Map", () => new Map(), 'What the function "given" gave cannot be sent: The value at "$" is a Map'],
      ["a function", () => [() => 1], 'The value at "$[0]" is a function'],
      [
        "an array of numbers",
        () => ({ x: new Float32Array(2) }),
        "has a file or an array in it. Give bytes, as a Uint8Array, or plain JSON",
      ],
      ["a file", () => new URL("file:///etc/hostname"), "has a file or an array in it"],
      ["too much", () => "x".repeat(16 * 1024 * 1024), "longer than 16777216 bytes as JSON. Give it in pieces"],
    ] as const
  ) {
    Deno.test(`${label}: a function that gives ${what} fails in the plugin, and the next call works`, async () => {
      await using plugin = await startEither(face, "calls_back");
      const named = { given }.given;
      Object.defineProperty(named, "name", { value: "given" });
      const error = await assertRejects(() => plugin.execute({ function: named }), RemoteError);
      assertStringIncludes(error.remoteMessage, message);
      assertEquals(await plugin.execute({ function: () => 2 }), 2);
    });
  }

  Deno.test(`${label}: whatever a function throws is told`, async () => {
    await using plugin = await startEither(face, "calls_back");
    const hostile = new Error("hidden");
    Object.defineProperty(hostile, "message", { get: () => Object.create(null) });
    for (const thrown of ["text", undefined, Symbol("x"), Object.create(null), hostile]) {
      const fail = () => {
        throw thrown;
      };
      const error = await assertRejects(() => plugin.execute({ function: fail }), RemoteError);
      assertEquals(error.remoteType, "CallbackError");
    }
    for (const [thrown, type] of [["text", "string"], [undefined, "undefined"], [null, "object"], [42, "number"], [true, "boolean"]]) {
      const fail = () => {
        throw thrown;
      };
      assertEquals((await plugin.execute<Record<string, string>>({ function: fail, do: "catch" })).type, type);
      assertEquals((await assertRejects(() => plugin.execute({ function: fail }), RemoteError)).cause, thrown);
    }
    assertEquals(await plugin.execute({ function: () => 2 }), 2);
  });

  Deno.test(`${label}: what a plugin cannot call a function with is its own error, which names the place`, async () => {
    await using plugin = await startEither(face, "calls_back");
    let calls = 0;
    const message = await plugin.execute<string>({
      function: function lookup() {
        return calls++;
      },
      do: "give_odd",
    });
    assertStringIncludes(message, 'Cannot call "lookup": The callback at "$.args[0]"');
    assertEquals(calls, 0);
  });

  Deno.test(`${label}: a function is no more after its call, and a new one is good`, async () => {
    await using plugin = await startEither(face, "calls_back");
    let calls = 0;
    await plugin.execute({ function: () => calls++, do: "keep" });
    assertStringIncludes(await plugin.execute({ do: "use_kept" }), "has ended");
    assertEquals(calls, 0);
    assertEquals(await plugin.execute({ function: () => 2 }), 2);
  });

  Deno.test(`${label}: functions keep their names and are told apart, wherever they stand`, async () => {
    await using plugin = await startEither(face, "calls_back");
    const lookup = () => 1;
    assertEquals(await plugin.execute({ function: lookup, do: "name_of" }), "lookup");
    assertEquals(await plugin.execute({ do: "is_same", a: lookup, b: lookup }), true);
    assertEquals(await plugin.execute({ do: "is_same", a: lookup, b: () => 1 }), false);
  });

  Deno.test(`${label}: a call has at most 64 functions, and a configuration none`, async () => {
    await using plugin = await startEither(face, "calls_back");
    const functions = Array.from({ length: 65 }, (_, i) => () => i);
    const error = await assertRejects(
      () => plugin.execute({ functions }),
      CallError,
      '"$.kwargs.functions[64]" is one function more than the 64',
    );
    assertEquals(error.code, "invalid_arguments");
    await assertRejects(() => plugin.initialize({ lookup: functions[0] }), CallError, 'value at "$.lookup" is a function');
    assertEquals(await plugin.execute({ function: functions[3], rest: functions.slice(0, 64) }), 3);
  });
}

for (const face of BOTH) {
  const label = labelOf(face);

  Deno.test(`${label}: a callback that calls its own plugin is refused, for it would wait for itself`, async () => {
    await using plugin = await startFixture(face, "calls_back");
    const again = () => plugin.execute({ function: () => 1 });
    const error = await assertRejects(() => plugin.execute({ function: again }), RemoteError, "in a callback of its own call");
    assertInstanceOf(error.cause, PluginStateError);
    assertEquals(await plugin.execute({ function: async () => (await plugin.getStats()).calls.running }), 1, "questions are answered");
  });

  Deno.test(`${label}: a blocked thread that calls its own plugin in a callback is refused`, async () => {
    using plugin = await startBlocking(face, "calls_back");
    const again = () => plugin.execute({ function: () => 1 });
    const error = assertThrows(() => plugin.execute({ function: again }), RemoteError, "in a callback of its own call");
    assertInstanceOf(error.cause, PluginStateError);
    const stream = plugin.executeStream({ function: again, items: [1] });
    assertThrows(() => [...stream], RemoteError, "in a callback of its own call");
    assertEquals(plugin.execute({ function: () => 2 }), 2);
  });

  Deno.test(`${label}: with a second place, a callback may call its own plugin`, async () => {
    await using plugin = await startFixture(face, "calls_back", { manifest: { max_concurrency: 2 } });
    const twice = () => plugin.execute({ function: () => plugin.execute({ function: () => 3 }) });
    assertEquals(await plugin.execute({ function: () => plugin.execute({ function: () => 3 }) }), 3);
    await assertRejects(() => plugin.execute({ function: twice }), RemoteError, "in a callback of its own call");
    const { outcome, give } = await waiting(plugin);
    const later = plugin.execute({ function: () => plugin.execute({ function: () => 4 }) });
    await assertRejects(() => later, RemoteError, "no place is free");
    give("first");
    assertEquals(await outcome, "first");
  });

  Deno.test(`${label}: with a second place, a blocked thread may call its own plugin in a callback`, async () => {
    using plugin = await startBlocking(face, "calls_back", { manifest: { max_concurrency: 2 } });
    assertEquals(plugin.execute({ function: () => plugin.execute({ function: () => 3 }) }), 3);
    assertEquals([...plugin.executeStream({ function: () => plugin.execute({ function: () => 4 }), items: [1] })], [4]);
    assertEquals(plugin.execute({ function: () => plugin.getStats().calls.running }), 1);
  });

  Deno.test(`${label}: a blocked thread cannot wait for a promise, and the plugin is told so`, async () => {
    using plugin = await startBlocking(face, "calls_back");
    const thenable = { then: (resolve: (value: number) => void) => resolve(1) };
    for (const lookup of [() => Promise.resolve(1), () => Promise.reject(new Error("nobody waits for this")), () => thenable]) {
      const error = assertThrows(() => plugin.execute({ function: lookup }), RemoteError);
      assertStringIncludes(error.remoteMessage, "gave a promise");
    }
  });

  Deno.test(`${label}: many callbacks of one call run at the same time, and never more than 64`, async () => {
    await using plugin = await startFixture(face, "calls_back");
    let [open, most] = [0, 0];
    const full = Promise.withResolvers<void>();
    const run = async (i: number) => {
      most = Math.max(most, ++open);
      if (open === 64) full.resolve();
      await full.promise;
      await new Promise((resolve) => setTimeout(resolve, 0));
      open--;
      return i;
    };
    const times = 500;
    assertEquals(await plugin.execute({ function: run, do: "gather", times }), Array.from({ length: times }, (_, i) => i));
    assertEquals(most, 64);
  });

  Deno.test(`${label}: a call that is given up while it waits for a function ends at once, and its worker goes on`, async () => {
    await using plugin = await startFixture(face, "calls_back");
    const { pid } = plugin;
    const abort = new AbortController();
    const { outcome, give } = await waiting(plugin, {}, abort.signal);
    abort.abort(new Error("the user left"));
    await assertRejects(() => outcome, Error, "the user left");
    give("too late");
    assertEquals(await plugin.execute({ function: () => 2 }), 2);
    assertEquals(plugin.pid, pid, "the plugin let go of the call by itself");
  });

  Deno.test(`${label}: a function that never returns is bounded by the call's time limit`, async () => {
    await using plugin = await startFixture(face, "calls_back");
    const { pid } = plugin;
    const never = () => new Promise(() => {});
    await assertRejects(() => plugin.execute({ function: never }, { timeoutMs: 50 }), CallTimeoutError);
    assertEquals(await plugin.execute({ function: () => 2 }), 2);
    assertEquals(plugin.pid, pid);
  });

  Deno.test(`${label}: the time that a function takes is no silence of the plugin's`, async () => {
    await using plugin = await startFixture(face, "calls_back");
    const slow = () => new Promise((resolve) => setTimeout(() => resolve(1), 300));
    assertEquals(await plugin.execute({ function: slow }, { idleTimeoutMs: 100 }), 1);
  });

  Deno.test(`${label}: cleanup() within a callback ends the call`, async () => {
    await using plugin = await startFixture(face, "calls_back");
    const outcome = plugin.execute({ function: () => plugin.cleanup() });
    await assertRejects(() => within(outcome, "the call"), CallError, "cleanup() was called");
  });

  Deno.test(`${label}: a worker that dies while a function runs ends the call, and one that is idempotent is sent again`, async () => {
    await using plugin = await startFixture(face, "calls_back", { manifest: { restart: "always" } });
    let calls = 0;
    const kill = () => {
      if (calls++ === 0) Deno.kill(plugin.pid!, "SIGKILL");
      return new Promise((resolve) => calls > 1 ? resolve(calls) : undefined);
    };
    assertEquals(await plugin.execute({ function: kill }, { idempotent: true }), 2);
    calls = 0;
    await assertRejects(() => plugin.execute({ function: kill }), WorkerExitError);
    assertEquals(await plugin.execute({ function: () => 2 }), 2);
  });

  Deno.test(`${label}: a worker that dies while 64 functions run ends the call`, async () => {
    await using plugin = await startFixture(face, "calls_back");
    let calls = 0;
    const never = () => {
      if (++calls === 64) Deno.kill(plugin.pid!, "SIGKILL");
      return new Promise(() => {});
    };
    const outcome = plugin.execute({ function: never, do: "gather", times: 100 });
    await assertRejects(() => within(outcome, "the end of the call"), WorkerExitError);
  });

  Deno.test(`${label}: code that waits for a function when its call ends is let go`, async () => {
    await using plugin = await startFixture(face, "calls_back");
    const never = () => new Promise(() => {});
    await plugin.execute({ function: never, do: "leave_thread" });
    assertStringIncludes(await plugin.execute<string>({ do: "join_thread" }), "has ended");
  });

  Deno.test(`${label}: leaving a stream's loop while its plugin waits for a function cancels it`, async () => {
    await using plugin = await startFixture(face, "calls_back");
    const abort = new AbortController();
    const run = (item: number) => {
      if (item === 1) return item;
      abort.abort(new Error("enough"));
      return new Promise(() => {});
    };
    const chunks: unknown[] = [];
    await assertRejects(
      async () => {
        for await (const chunk of plugin.executeStream({ function: run, items: [1, 2] }, { signal: abort.signal })) chunks.push(chunk);
      },
      Error,
      "enough",
    );
    assertEquals(chunks, [1]);
    assertEquals(await plugin.execute({ function: () => 2 }), 2);
  });

  Deno.test(`${label}: calls that are sent ahead of a callback's answer run behind it, in order`, async () => {
    await using plugin = await startFixture(face, "calls_back");
    const { outcome, give } = await waiting(plugin);
    const behind = Promise.all([1, 2, 3].map((value) => plugin.execute({ function: () => value })));
    await eventually(async () => (await plugin.getStats()).calls.running === 1, "the first call alone to run");
    give("first");
    assertEquals([await outcome, ...await behind], ["first", 1, 2, 3]);
  });
}

const PYTHON = BOTH[0]!;

Deno.test("python: threads of the plugin's call functions at the same time", async () => {
  await using plugin = await startFixture(PYTHON, "calls_back");
  const together = Promise.withResolvers<void>();
  let open = 0;
  const run = async (i: number) => {
    if (++open === 8) together.resolve();
    await together.promise;
    return i;
  };
  assertEquals(await plugin.execute({ function: run, do: "in_threads", times: 8 }), [0, 1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("python: a loop that the plugin runs itself awaits functions", async () => {
  await using plugin = await startFixture(PYTHON, "calls_back");
  assertEquals(await plugin.execute({ function: (i: number) => i, do: "own_loop", times: 5 }), [0, 1, 2, 3, 4]);
  const abort = new AbortController();
  const { outcome } = await waiting(plugin, { do: "own_loop", times: 2 }, abort.signal);
  abort.abort();
  await assertRejects(() => outcome, DOMException);
  assertEquals(await plugin.execute({ function: () => 2 }), 2);
});

Deno.test("python: a forked child is told that it cannot call functions", async () => {
  await using plugin = await startFixture(PYTHON, "calls_back");
  let calls = 0;
  assertStringIncludes(await plugin.execute<string>({ function: () => calls++, do: "fork" }), "in a forked child");
  assertEquals(calls, 0);
});

Deno.test("python: an integer that no number of JavaScript holds is the plugin's error", async () => {
  await using plugin = await startFixture(PYTHON, "calls_back");
  const args = [2 ** 60];
  assertEquals(await plugin.execute({ function: (x: number) => x, args }), args[0], "a double is sent as JavaScript writes it");
});
