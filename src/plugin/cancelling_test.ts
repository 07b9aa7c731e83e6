import { assertEquals } from "@std/assert";
import type { Exchange } from "../protocol/exchange.ts";
import type { Frame } from "../protocol/frames.ts";
import { Reply } from "./reply.ts";

const cancelBudgetMs = 50;

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

async function abandoned(exchange: Exchange): Promise<Reply> {
  const reply = new Reply(exchange, { endpoint: "execute_stream", callId: "1" }, { cancelBudgetMs });
  await reply.next();
  return reply;
}

Deno.test("a call that its worker has let go of is over, though what it has sent is read for longer than the budget", async () => {
  let left = 3;
  const exchange = worker(async function* () {
    for (; left > 0; left--) {
      yield { chunk: left };
      // A host that is busy comes to read the next one late.
      await new Promise((resolve) => setTimeout(resolve, cancelBudgetMs * 0.75));
    }
    yield { error: { code: "cancelled", type: "CallCancelled", message: "", traceback: "" } };
  }, ["cancelled", "not_running"]);
  const reply = await abandoned(exchange);
  assertEquals([await reply.abandon(), reply.ended], [true, false]);
  await reply.drained;
  assertEquals(reply.ended, true);
});

Deno.test("what a worker that has let go of a call goes on to send for longer than the budget is dropped", async () => {
  const exchange = worker(async function* (signal) {
    yield { chunk: 1 };
    yield* never(signal);
  }, ["cancelled", "not_running"]);
  const reply = await abandoned(exchange);
  assertEquals(await reply.abandon(), true);
  await reply.drained;
  assertEquals(reply.ended, true);
});

for (const answer of ["cancelled", "silence"] as const) {
  Deno.test(`a call that goes on after the answer "${answer}" is stuck when the budget is over`, async () => {
    const exchange = worker(async function* (signal) {
      yield { chunk: 1 };
      yield* never(signal);
    }, [answer]);
    const reply = await abandoned(exchange);
    assertEquals(await reply.abandon(), false);
    await reply.drained;
    assertEquals(reply.ended, true);
  });
}

Deno.test("a call that its worker does not know yet is asked for until it does", async () => {
  const arrived = Promise.withResolvers<void>();
  let questions = 0;
  const exchange: Exchange = async function* (request) {
    if (request.endpoint !== "cancel") await arrived.promise;
    else if (++questions < 3) return yield { result: { status: "not_running" } };
    else arrived.resolve();
    yield request.endpoint === "cancel" ? { result: { status: "cancelled" } } : { result: null };
  };
  const reply = new Reply(exchange, { endpoint: "execute", callId: "1" });
  assertEquals([await reply.abandon(), questions], [true, 3]);
});
