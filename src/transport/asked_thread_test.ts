import { assertEquals, assertRejects } from "@std/assert";
import { askThread } from "./asked_thread.ts";

/** A thread that gives what this code makes of its question. */
function threadThat(code: string): URL {
  const module = new URL("./asked_thread.ts", import.meta.url).href;
  const source = `import { answerHost } from ${JSON.stringify(module)};\nanswerHost((question) => { ${code} });`;
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

Deno.test("a thread that is asked gives its answer", async () => {
  assertEquals(await askThread(threadThat("return question * 2;"), 21, { limitMs: 10_000 }), 42);
});

Deno.test("a thread that takes too long is stopped, and uses no processor any more", async () => {
  const count = new Int32Array(new SharedArrayBuffer(4));
  const forEver = threadThat("for (;;) Atomics.add(question, 0, 1);");
  assertEquals(await askThread(forEver, count, { limitMs: 20 }), undefined);
  assertEquals(standsStill(count), true);
});

/** Whether nobody counts any more, at the latest after two seconds: the runtime stops a thread when that comes to look. */
function standsStill(count: Int32Array<SharedArrayBuffer>): boolean {
  return Array.from({ length: 20 }).some(() => {
    const before = Atomics.load(count, 0);
    Atomics.wait(count, 0, before, 100);
    return Atomics.load(count, 0) === before;
  });
}

Deno.test("a thread that is asked is stopped when the signal aborts", async () => {
  const abort = new AbortController();
  const count = new Int32Array(new SharedArrayBuffer(4));
  const asked = askThread(threadThat("Atomics.store(question, 0, 1); Atomics.notify(question, 0); for (;;);"), count, {
    limitMs: 60_000,
    signal: abort.signal,
  });
  await Atomics.waitAsync(count, 0, 0).value;
  abort.abort(new Error("the user left"));
  await assertRejects(() => asked, Error, "the user left");
});

Deno.test("a thread that cannot be loaded is an error that says why", async () => {
  const broken = new URL(`data:text/javascript,${encodeURIComponent('throw new Error("no such luck");')}`);
  await assertRejects(() => askThread(broken, 1, { limitMs: 10_000 }), Error, "no such luck");
});
