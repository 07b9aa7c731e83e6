import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CallError, PluginStateError, ProtocolError } from "../errors.ts";
import type { Exchange, WireRequest } from "../protocol/exchange.ts";
import type { Frame } from "../protocol/frames.ts";
import { CALLBACKS_FEATURE } from "../protocol/functions.ts";
import { untilAborted } from "../protocol/until_aborted.ts";
import { RefusedError } from "../transport/errors.ts";
import { RemotePluginProxy } from "./proxy.ts";

type Answer = { readonly callback: number; readonly result?: unknown; readonly error?: { readonly message: string } };

/** What the worker is told while it runs a call. */
interface Told {
  readonly answered: (id: number) => Promise<Answer>;
  /** Says nothing until the host hangs up. */
  readonly stall: () => Promise<never>;
}

/** A worker that calls functions as a test has it. `calls` gives the frames of a call, and is told how each callback was answered. */
function worker(calls: (told: Told) => AsyncIterable<Frame>, features = [CALLBACKS_FEATURE]) {
  const answers = new Map<number, PromiseWithResolvers<Answer>>();
  const of = (id: number) => answers.get(id) ?? answers.set(id, Promise.withResolvers()).get(id)!;
  const refusals: RefusedError[] = [];
  async function* exchange({ endpoint, body }: WireRequest, signal: AbortSignal): AsyncGenerator<Frame> {
    if (endpoint === "ready") yield { result: { name: "p", version: "1", methods: [] } };
    else if (endpoint === "health") yield { result: { name: "p", version: "1", max_concurrency: 1, features } };
    else if (endpoint === "execute") {
      const stall = () => untilAborted(new Promise<never>(() => {}), signal);
      yield* calls({ answered: (id) => untilAborted(of(id).promise, signal), stall });
    } else if (endpoint === "callback") {
      const refusal = refusals.pop();
      if (refusal !== undefined) throw refusal;
      of(body!.callback as number).resolve(body as unknown as Answer);
      yield { result: { status: "answered" } };
    } else yield { result: {} };
  }
  return { exchange: exchange as Exchange, refusals };
}

function callback(id: number, number = 0, args: readonly unknown[] = []): Frame {
  return { callback: { id, function: number, args, kwargs: {} } };
}

const one = (): number => 1;

for (
  const [what, frames, message] of [
    ["calls a function that it was not given", [callback(1, 1)], "It called a function 1, which it was not given"],
    ["calls a function whose number is none", [callback(1, -1)], "It called a function -1, which it was not given"],
    ["uses an id twice", [callback(1), callback(1)], "It used the id 1 of a callback that is open"],
  ] as const
) {
  Deno.test(`a worker that ${what} has broken the protocol`, async () => {
    const given = worker(async function* ({ stall }) {
      yield* frames;
      await stall();
    });
    await using plugin = await RemotePluginProxy.attach(given);
    const never = () => new Promise(() => {});
    const error = await assertRejects(() => plugin.execute({ run: never }), ProtocolError);
    assertStringIncludes(error.message.toLowerCase(), message.toLowerCase());
    await assertRejects(() => plugin.execute(), PluginStateError, "broke the protocol");
  });
}

Deno.test("a worker that calls a function of a call without any has broken the protocol", async () => {
  await using plugin = await RemotePluginProxy.attach(worker(async function* ({ stall }) {
    yield callback(1);
    await stall();
  }));
  await assertRejects(() => plugin.execute(), ProtocolError, "was given none");
});

Deno.test("a call with functions is not sent to a worker that takes none", async () => {
  let calls = 0;
  const given = worker(async function* () {
    calls++;
    yield { result: 1 };
  }, []);
  await using plugin = await RemotePluginProxy.attach(given);
  const error = await assertRejects(() => plugin.execute({ run: one }), CallError, 'A gateway does that is made with "callbacks: true"');
  assertEquals([error.code, calls], ["not_supported", 0]);
  assertEquals(await plugin.execute(), 1);
});

Deno.test("an answer that the worker refuses becomes an error of the function", async () => {
  const given = worker(async function* ({ answered }) {
    yield callback(1);
    yield { result: (await answered(1)).error?.message };
  });
  await using plugin = await RemotePluginProxy.attach(given);
  given.refusals.push(new RefusedError(413, "The body is longer than 10 bytes"));
  assertEquals(await plugin.execute({ run: one }), "The body is longer than 10 bytes");
});

Deno.test("a call whose worker takes no answer at all fails", async () => {
  const given = worker(async function* ({ answered }) {
    yield callback(1);
    await answered(1);
  });
  await using plugin = await RemotePluginProxy.attach(given);
  given.refusals.push(new RefusedError(413, "no"), new RefusedError(413, "no"));
  await assertRejects(() => plugin.execute({ run: one }), CallError, "the worker refused the arguments: no");
});

Deno.test("an integer that no number holds is told to the plugin, and the function is not called", async () => {
  let calls = 0;
  const given = worker(async function* ({ answered }) {
    const longInteger = { path: ["args", "0"], digits: "9007199254740993" };
    yield { ...callback(1, 0, [9007199254740992]), longInteger } as Frame;
    yield { result: (await answered(1)).error?.message };
  });
  await using plugin = await RemotePluginProxy.attach(given);
  assertStringIncludes(await plugin.execute<string>({ run: () => calls++ }), '"$.args[0]" is the integer 9007199254740993');
  assertEquals(calls, 0);
});

Deno.test("a function is called with what the plugin gives, names behind the rest", async () => {
  const given = worker(async function* ({ answered }) {
    yield { callback: { id: 5, function: 1, args: [1], kwargs: { lang: "en" } } };
    yield { result: (await answered(5)).result };
  });
  await using plugin = await RemotePluginProxy.attach(given);
  assertEquals(await plugin.execute({ one, run: (...all: unknown[]) => all }), [1, { lang: "en" }]);
});
