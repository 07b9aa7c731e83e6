import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { DEFAULT_QUOTA, WorkerFiles } from "../payload/worker_files.ts";
import type { Exchange } from "../protocol/exchange.ts";
import { type Frame, isLastFrame } from "../protocol/frames.ts";
import { WorkerExitError } from "../errors.ts";
import { Call, type OpenOptions } from "./call.ts";
import { LoadedWorker } from "./loaded_worker.ts";
import { SendQueue } from "./send_queue.ts";
import type { Turn } from "./turn.ts";
import { sendBy } from "../transport/frame_source.ts";

const NAME = { plugin: "p", member: "execute" };
const GONE = new WorkerExitError("It is gone", { plugin: "p" });

/** A worker that answers one call with what the test says, and lets go of it when the test says so. */
class ToldWorker extends LoadedWorker {
  readonly #frames: WritableStreamDefaultWriter<Frame>;
  cancelled = 0;
  isRunning = true;

  constructor(files = new WorkerFiles({ plugin: "p", folders: undefined, quota: DEFAULT_QUOTA })) {
    const { readable, writable } = new TransformStream<Frame, Frame>(undefined, { highWaterMark: 100 }, { highWaterMark: 100 });
    const exchange: Exchange = (request) => request.endpoint === "cancel" ? this.#answerCancel() : readable;
    const plugin = { name: "p", version: "1", methods: [] };
    super({ send: sendBy(exchange), plugin, maxConcurrency: 1, files, dispose: () => Promise.resolve() });
    this.#frames = writable.getWriter();
  }

  async say(frame: Frame): Promise<void> {
    await this.#frames.write(frame);
    if (isLastFrame(frame)) await this.#frames.close();
  }

  hangUp(): Promise<void> {
    return this.#frames.close();
  }

  take(call: Call): void {
    call.assign(this);
    call.send(this, { endpoint: "execute", callId: call.id });
  }

  async *#answerCancel(): AsyncGenerator<Frame> {
    this.cancelled++;
    yield { result: { status: this.isRunning ? "cancelled" : "not_running" } };
  }
}

/** Counts the files that nobody gets. Their removal takes as long as the test says. */
class CountedFiles extends WorkerFiles {
  discarded = 0;
  readonly #removal: Promise<void>;

  constructor(removal = Promise.resolve()) {
    super({ plugin: "p", folders: undefined, quota: DEFAULT_QUOTA });
    this.#removal = removal;
  }

  override discard(): Promise<void> {
    this.discarded++;
    return this.#removal;
  }
}

/** An operation, and the queue in which it has the only turn that is not ahead of others. */
function open(
  { takesAhead = false, ...options }: OpenOptions & { takesAhead?: boolean } = {},
): { call: Call; turn: Turn; isFree: () => boolean } {
  const queue = new SendQueue(1);
  queue.takesAhead = takesAhead;
  const wanted = { length: 0, isAlone: false };
  const turn = queue.acquire(wanted)!;
  const isFree = () => queue.acquire(wanted) !== undefined;
  return { call: new Call(NAME, { id: "1", ...options }), turn, isFree };
}

Deno.test("a call that waits for its turn is over once it is abandoned, and gives back a turn that comes then", async () => {
  const { call, turn, isFree } = open();
  const reason = new Error("enough");
  call.abandon(reason);
  await call.end();
  call.hold(turn);
  assertEquals(isFree(), true);
  assertStrictEquals(await assertRejects(() => call.next()), reason);
});

Deno.test("a call that is answered has its frames in order, asks for no cancellation, and then gives back its turn", async () => {
  const { call, turn, isFree } = open();
  const worker = new ToldWorker();
  call.hold(turn);
  worker.take(call);
  await worker.say({ chunk: 1 });
  await worker.say({ result: 2 });
  assertEquals([await call.next(), isFree(), await call.next()], [{ chunk: 1 }, false, { result: 2 }]);
  await call.end();
  assertEquals([isFree(), worker.cancelled, call.attempt], [true, 0, undefined]);
});

Deno.test("a call that is abandoned answers at once, keeps its turn until its worker has let go, and gives nobody what comes later", async () => {
  const { call, turn, isFree } = open();
  const files = new CountedFiles();
  const worker = new ToldWorker(files);
  call.hold(turn);
  worker.take(call);
  const next = call.next();
  const reason = new Error("enough");
  call.abandon(reason);
  assertStrictEquals(await assertRejects(() => next), reason);
  assertEquals(isFree(), false);
  await worker.say({ chunk: {}, types: { "": "file" } });
  worker.isRunning = false;
  await worker.say({ error: { code: "cancelled", type: "CallCancelled", message: "", traceback: "" } });
  await call.end();
  assertEquals([isFree(), worker.cancelled > 0, files.discarded], [true, true, 1]);
});

Deno.test("a call that is given up lets none be sent behind it, also to a worker that takes calls ahead, before the files are gone that nobody took", async () => {
  const { call, turn, isFree } = open({ takesAhead: true });
  const removal = Promise.withResolvers<void>();
  const files = new CountedFiles(removal.promise);
  const worker = new ToldWorker(files);
  call.hold(turn);
  worker.take(call);
  await worker.say({ chunk: 1 });
  await call.next();
  const ended = call.end();
  worker.isRunning = false;
  await worker.say({ chunk: {}, types: { "": "file" } });
  await worker.say({ error: { code: "cancelled", type: "CallCancelled", message: "", traceback: "" } });
  await new Promise((resolve) => setTimeout(resolve)); // All that waits for nothing else has happened by then.
  assertEquals([isFree(), files.discarded], [false, 1]);
  removal.resolve();
  await ended;
  assertEquals(isFree(), true);
});

Deno.test("a call whose worker is lost before it was sent goes to the next one", async () => {
  const { call } = open();
  const [first, second] = [new ToldWorker(), new ToldWorker()];
  call.assign(first);
  await first.lose(() => GONE, { isFinal: false });
  assertEquals([call.attempt, await call.loss], [undefined, undefined]);
  // Its files are ready only now, for a worker that is not there any more.
  call.send(first, { endpoint: "execute" });
  assertEquals(call.attempt, undefined);
  second.take(call);
  await second.say({ result: "from the second" });
  assertEquals(await call.next(), { result: "from the second" });
  await call.end();
});

Deno.test("a call that was sent is lost with its worker, behind what that had sent, and gives back its turn at once", async () => {
  const { call, turn, isFree } = open();
  const worker = new ToldWorker();
  call.hold(turn);
  worker.take(call);
  await worker.say({ chunk: "sent" });
  await worker.hangUp();
  await worker.lose((members) => new WorkerExitError(`lost ${members}`, { plugin: "p" }), { isFinal: false });
  assertEquals([isFree(), (await call.loss as Error).message], [true, "lost execute"]);
  assertEquals(await call.next(), { chunk: "sent" });
  await assertRejects(() => call.next(), Error, "ended before its last frame");
  await call.end();
});

Deno.test("an idempotent call without an answer is sent again, though progress had come, and with one it is not", async () => {
  for (const [frame, isLost] of [[{ progress: 0.5, message: "" }, false], [{ chunk: 1 }, true]] as const) {
    const { call } = open({ idempotent: true });
    const worker = new ToldWorker();
    worker.take(call);
    await worker.say(frame);
    const [seen] = [await call.next()];
    const next = call.next().catch((error) => error);
    await worker.hangUp();
    await worker.lose(() => GONE, { isFinal: false });
    assertEquals([seen, await call.loss, call.attempt === undefined], [frame, isLost ? GONE : undefined, !isLost]);
    await next;
    await call.end();
  }
});

Deno.test("no call waits for a next worker where none follows", async () => {
  for (const isSent of [false, true]) {
    const { call, turn, isFree } = open({ idempotent: true });
    const worker = new ToldWorker();
    call.hold(turn);
    if (isSent) worker.take(call);
    else call.assign(worker);
    await worker.hangUp();
    await worker.lose(() => GONE, { isFinal: true });
    assertEquals([await call.loss, isFree(), call.signal.aborted], [GONE, true, !isSent]);
    await call.end();
  }
});

Deno.test("a worker that is let go of while it runs ends its calls with the reason", async () => {
  const { call } = open();
  const worker = new ToldWorker();
  worker.take(call);
  const next = call.next();
  worker.abandonAll(() => GONE);
  assertStrictEquals(await assertRejects(() => next), GONE);
  worker.isRunning = false;
  await worker.hangUp();
  await call.end();
});
