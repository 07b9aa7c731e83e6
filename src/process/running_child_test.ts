import { assertEquals, assertStringIncludes } from "@std/assert";
import { spy } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import type { StartMessage } from "../protocol/messages.ts";
import type { MemoryWatch } from "./memory_watch.ts";
import { OutputLog } from "./output_log.ts";
import { type ChildCare, RunningChild } from "./running_child.ts";

/** A pipe from a child, which the test writes to. */
class Pipe {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  isCancelled = false;
  #controller!: ReadableByteStreamController;

  constructor() {
    this.stream = new ReadableStream({
      type: "bytes",
      start: (controller) => void (this.#controller = controller),
      cancel: () => void (this.isCancelled = true),
    });
  }

  print(text: string): void {
    this.#controller.enqueue(new TextEncoder().encode(text));
  }

  close(): void {
    this.#controller.close();
    // A reader that waits with memory of its own gets it back only so.
    this.#controller.byobRequest?.respond(0);
  }
}

/** A child process that does what the test has it do. */
class FakeChild {
  readonly [Symbol.toStringTag] = "FakeChild";
  readonly out = new Pipe();
  readonly err = new Pipe();
  readonly received: string[] = [];
  readonly kill = spy((signal: Deno.Signal) => this.end({ code: 137, signal }));
  readonly unref = spy(() => {});
  /** What the child does once its lifeline is cut. */
  onCut: () => void = () => {};
  readonly #status = Promise.withResolvers<Deno.CommandStatus>();
  readonly process: Deno.ChildProcess;

  constructor() {
    const stdin = new WritableStream<Uint8Array>({
      write: (chunk) => void this.received.push(new TextDecoder().decode(chunk)),
      close: () => this.onCut(),
    });
    const { kill, unref } = this;
    const { promise: status } = this.#status;
    this.process = { stdin, stdout: this.out.stream, stderr: this.err.stream, status, kill, unref } as unknown as Deno.ChildProcess;
  }

  /** Ends the process; whoever else holds its pipes keeps them open. */
  end({ code = 0, signal = null, pipes = "closed" }: { code?: number; signal?: Deno.Signal | null; pipes?: "closed" | "held" } = {}): void {
    if (pipes === "closed") { for (const pipe of [this.out, this.err]) pipe.close(); }
    this.#status.resolve({ success: code === 0, code, signal });
  }
}

/** A child that is watched, and what was done for it in which order. */
function watched(care: Partial<ChildCare> = {}): { child: FakeChild; running: RunningChild; done: string[] } {
  const child = new FakeChild();
  const done: string[] = [];
  const log = new OutputLog();
  const removeFiles = () => Promise.resolve(void done.push("removed"));
  const endGroup = () => Promise.resolve(void done.push("group ended"));
  const running = new RunningChild(child.process, { log, removeFiles, endGroup, ...care });
  running.readOut = () => Promise.resolve(void done.push("read out"));
  return { child, running, done };
}

Deno.test("a child that ends when its lifeline is cut has ended as it was asked to, whatever its signal", async () => {
  const { child, running, done } = watched();
  child.onCut = () => child.end({ code: 143, signal: "SIGTERM" });
  await running.end();
  assertEquals(await running.exited, { code: 0, signal: null, outOfMemory: false });
  assertEquals([child.kill.calls.length, done], [0, ["read out", "removed"]]);
});

Deno.test("a child that does not end two seconds after its lifeline was cut is killed, and its group after it", async () => {
  using time = new FakeTime();
  const { child, running, done } = watched();
  const ended = running.end();
  await time.tickAsync(1_990);
  assertEquals(child.kill.calls.length, 0);
  await time.tickAsync(20);
  await ended;
  assertEquals(await running.exited, { code: null, signal: "SIGKILL", outOfMemory: false });
  assertEquals([child.kill.calls.map(({ args }) => args), done], [[["SIGKILL"]], ["group ended", "read out", "removed"]]);
});

Deno.test("a child that ends by itself is told by its code or its signal, and what it had sent is read before its files go", async () => {
  for (
    const [end, told] of [[{ code: 3 }, { code: 3, signal: null }], [{ code: 139, signal: "SIGSEGV" }, {
      code: null,
      signal: "SIGSEGV",
    }]] as const
  ) {
    const { child, running, done } = watched();
    child.err.print("last words\n");
    child.end(end);
    assertEquals(await running.exited, { ...told, outOfMemory: false });
    assertEquals([running.log.tail, done], ["last words", ["group ended", "read out", "removed"]]);
    await running.end();
    assertEquals(child.kill.calls.length, 0);
  }
});

Deno.test("a program that has escaped with a child's pipes holds nobody up", async () => {
  using time = new FakeTime();
  const { child, running, done } = watched();
  running.logStdout(new TextEncoder().encode("first"), { saysFarewell: false });
  child.end({ code: 1, pipes: "held" });
  await time.tickAsync(40);
  await time.runMicrotasks();
  assertEquals(done, ["group ended"]);
  await time.tickAsync(20);
  await running.exited;
  assertEquals([done.slice(1), child.out.isCancelled, child.err.isCancelled], [["read out", "removed"], true, true]);
});

Deno.test("the start line is one line, and a child that is gone does not mind it", async () => {
  const message = { protocol: 1, token: "a\nb" } as StartMessage;
  const { child, running } = watched();
  await running.sendStartLine(message);
  assertEquals(child.received, ['{"protocol":1,"token":"a\\nb"}\n']);
  child.end();
  await running.exited;
  await running.sendStartLine(message);
});

Deno.test("standard output is the log's from the hello line on", async () => {
  const { child, running } = watched();
  running.logStdout(new TextEncoder().encode("behind the "), { saysFarewell: false });
  child.out.print("hello line\nand more");
  child.end();
  await running.exited;
  assertEquals([running.log.tail, await running.heldBack("any", 1_000)], ["behind the hello line\nand more", "untold"]);
});

Deno.test("a farewell is no log text, and tells of want of memory", async () => {
  const { child, running } = watched();
  running.logStdout(new Uint8Array(), { saysFarewell: true });
  child.out.print('{"farewell": {"out_of_memory": true, "held": []}}\n');
  child.end({ code: 137, signal: "SIGKILL" });
  assertEquals([(await running.exited).outOfMemory, running.log.tail], [true, ""]);
});

Deno.test("want of memory is told by what V8 prints before a signal, and by what the system counts after SIGKILL", async () => {
  const starved = { somebodyWasKilled: () => Promise.resolve(true) } as MemoryWatch;
  const cases = [
    [{ code: 133, signal: "SIGTRAP" }, "Fatal JavaScript out of memory: Reached heap limit\n", undefined, true],
    [{ code: 134, signal: "SIGABRT" }, "memory allocation of 1258291 bytes failed\n", undefined, true],
    [{ code: 1 }, "JavaScript heap out of memory\n", undefined, false],
    [{ code: 137, signal: "SIGKILL" }, "", starved, true],
    [{ code: 139, signal: "SIGSEGV" }, "", starved, false],
    [{ code: 137, signal: "SIGKILL" }, "", undefined, false],
  ] as const;
  for (const [end, printed, memory, outOfMemory] of cases) {
    const { child, running } = watched({ memory });
    if (printed !== "") child.err.print(printed);
    child.end(end);
    assertEquals((await running.exited).outOfMemory, outOfMemory, `${printed} ${JSON.stringify(end)}`);
  }
});

Deno.test("files that cannot be removed are told of in the log, and the end is told all the same", async () => {
  const { child, running } = watched({ removeFiles: () => Promise.reject(new Error("no way")) });
  child.end({ code: 5 });
  assertEquals((await running.exited).code, 5);
  assertStringIncludes(running.log.tail, "Cannot remove the worker's files: Error: no way");
});

Deno.test("a child that nobody waits for lets the program end, also when Deno has let go of it", async () => {
  const { child, running } = watched();
  running.ref();
  running.unref();
  assertEquals(child.unref.calls.length, 1);
  child.process.unref = () => {
    throw new Deno.errors.BadResource("gone");
  };
  running.unref();
  child.end();
  await running.exited;
  running.ref(); // It would keep the test's own program alive.
});
