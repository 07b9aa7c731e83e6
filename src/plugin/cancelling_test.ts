import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { Exchange } from "../protocol/exchange.ts";
import type { Frame } from "../protocol/frames.ts";
import { sendBy, type SendRequest } from "../transport/frame_source.ts";
import { cancelInWorker, type Remains } from "./cancelling.ts";
import type { Termination } from "./loaded_worker.ts";
import { Notices } from "./notices.ts";
import { Reply } from "./reply.ts";

const budgetMs = 2_000;

/** A call in a worker that notes why it is ended. */
class Sent {
  readonly terminations: Termination[] = [];
  readonly notices = new Notices();
  readonly #send: SendRequest;
  readonly reply: Reply;

  constructor(exchange: Exchange, { endpoint = "execute_stream" }: { endpoint?: "execute_stream" | "execute" } = {}) {
    this.#send = sendBy(exchange);
    this.reply = new Reply(this.#send({ endpoint, callId: "1" }));
  }

  /** Resolves when the worker has let go, to what resolves when nothing more comes. */
  async cancel(): Promise<Remains> {
    const terminate = (termination: Termination) => Promise.resolve(void this.terminations.push(termination));
    const worker = { send: this.#send, terminate, notices: this.notices };
    return await cancelInWorker({ worker, reply: this.reply, id: "1", member: "execute" }, budgetMs);
  }
}

/** Nothing, until the signal aborts. */
// deno-lint-ignore require-yield
async function* never(signal: AbortSignal): AsyncGenerator<Frame> {
  await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

/** An exchange with a worker that runs one call, and answers to being asked to cancel it in turn with these. */
function worker(
  call: (signal: AbortSignal) => AsyncIterable<Frame>,
  answers: readonly ("cancelled" | "not_running" | "silence")[],
): Exchange {
  let asked = 0;
  return (request, signal) => {
    if (request.endpoint !== "cancel") return call(signal);
    const status = answers[Math.min(asked++, answers.length - 1)];
    if (status === "silence") return never(signal);
    return (async function* () {
      yield { result: { status } };
    })();
  };
}

/** Has time pass until it is so, and gives what it comes to and how long that took. */
async function passing<Result>(time: FakeTime, promise: Promise<Result>): Promise<{ result: Result; tookMs: number }> {
  const begin = time.now;
  let isOver = false;
  void promise.finally(() => isOver = true);
  for (await time.runMicrotasks(); !isOver; await time.runMicrotasks()) time.next();
  return { result: await promise, tookMs: time.now - begin };
}

async function begun(exchange: Exchange): Promise<Sent> {
  const sent = new Sent(exchange);
  await sent.reply.next();
  return sent;
}

Deno.test("a call that its worker has let go of is over, though what it has sent is read for longer than the budget", async () => {
  using time = new FakeTime();
  let left = 3;
  const sent = await begun(worker(async function* () {
    for (; left > 0; left--) {
      yield { chunk: left };
      // A host that is busy comes to read the next one late.
      await new Promise((resolve) => setTimeout(resolve, budgetMs * 0.75));
    }
    yield { error: { code: "cancelled", type: "CallCancelled", message: "", traceback: "" } };
  }, ["cancelled", "not_running"]));
  const { result: { drained }, tookMs } = await passing(time, sent.cancel());
  assertEquals([sent.terminations, sent.reply.ended], [[], false]);
  assert(tookMs < budgetMs, `the worker was waited for ${tookMs} ms`);
  await passing(time, drained);
  assertEquals(sent.reply.ended, true);
});

Deno.test("what a worker that has let go of a call goes on to send for longer than the budget is dropped", async () => {
  using time = new FakeTime();
  const sent = await begun(worker(async function* (signal) {
    yield { chunk: 1 };
    yield* never(signal);
  }, ["cancelled", "not_running"]));
  const { result: { drained } } = await passing(time, sent.cancel());
  const { tookMs } = await passing(time, drained);
  assert(tookMs >= budgetMs && tookMs < budgetMs + 50, `it was dropped after ${tookMs} ms`);
  assertEquals([sent.terminations, sent.reply.ended, sent.reply.dropped.aborted], [[], true, true]);
});

for (const answer of ["cancelled", "silence"] as const) {
  Deno.test(`a worker whose call goes on after the answer "${answer}" is ended when the budget is over, for no fault of its own`, async () => {
    using time = new FakeTime();
    const sent = await begun(worker(async function* (signal) {
      yield { chunk: 1 };
      yield* never(signal);
    }, [answer]));
    const { result: { drained }, tookMs } = await passing(time, sent.cancel());
    assert(tookMs >= budgetMs && tookMs < budgetMs + 50, `it was ended after ${tookMs} ms`);
    await passing(time, drained);
    assertEquals([sent.terminations.length, sent.terminations[0]!.isCrash, sent.reply.ended], [1, false, true]);
    assertStringIncludes(sent.terminations[0]!.why, `"execute" had been cancelled and did not stop within ${budgetMs} ms`);
  });
}

Deno.test("a call that its worker does not know yet is asked for until it does", async () => {
  using time = new FakeTime();
  const arrived = Promise.withResolvers<void>();
  let questions = 0;
  const exchange: Exchange = async function* (request) {
    if (request.endpoint !== "cancel") await arrived.promise;
    else if (++questions < 3) return yield { result: { status: "not_running" } };
    else arrived.resolve();
    yield request.endpoint === "cancel" ? { result: { status: "cancelled" } } : { result: null };
  };
  const sent = new Sent(exchange, { endpoint: "execute" });
  const { tookMs } = await passing(time, sent.cancel());
  assert(tookMs < budgetMs, `it took ${tookMs} ms`);
  assertEquals([sent.terminations, questions], [[], 3]);
});

Deno.test("a call is not cancelled before its worker has heard which calls behind it are cancelled with it", async () => {
  using time = new FakeTime();
  const order: string[] = [];
  const sent = await begun(async function* (request, signal) {
    if (request.endpoint !== "cancel") {
      yield { chunk: 1 };
      return yield* never(signal);
    }
    order.push("asked");
    yield { result: { status: "not_running" } };
  });
  sent.notices.add(new Promise<void>((resolve) => setTimeout(resolve, 50)).then(() => void order.push("heard")));
  await passing(time, sent.cancel().then(({ drained }) => drained));
  assertEquals(order.slice(0, 2), ["heard", "asked"]);
});

Deno.test("a worker that does not answer which calls it has heard of is still ended in time", async () => {
  using time = new FakeTime();
  const sent = await begun(worker(async function* (signal) {
    yield { chunk: 1 };
    yield* never(signal);
  }, ["silence"]));
  sent.notices.add(new Promise(() => {}));
  const { tookMs } = await passing(time, sent.cancel());
  assert(tookMs >= budgetMs && tookMs < budgetMs + 500, `it was ended after ${tookMs} ms`);
  assertEquals(sent.terminations.length, 1);
});
