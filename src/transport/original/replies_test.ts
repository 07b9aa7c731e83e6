import { assertEquals, assertRejects } from "@std/assert";
import { MalformedReplyError } from "../errors.ts";
import { readOriginalReply, readOriginalStream } from "./replies.ts";

const ADVICE = "Install another";

function reply(status: number, body: string, endpoint = "execute"): Promise<unknown> {
  return readOriginalReply(new Response(body, { status }), { endpoint, advice: ADVICE });
}

function stream(body: string, jobErrors = true): Promise<unknown[]> {
  return Array.fromAsync(readOriginalStream(new Response(body), { jobErrors, advice: ADVICE }));
}

function jobError(members: Record<string, unknown> = {}): string {
  return JSON.stringify({
    _job_error: { message: "m", category: "fatal", original_exc_repr: "ValueError('m')", traceback: "t\n", ...members },
  });
}

const ERROR = { type: "ValueError", message: "m", traceback: "t", category: "fatal", original_exc_repr: "ValueError('m')" };

Deno.test("a value is taken as it is, and one of a registered class without its tag", async () => {
  assertEquals(await reply(200, '{"a":[1]}'), { result: { a: [1] } });
  assertEquals(await reply(200, '{"__wire__":"text","data":{"b":2}}'), { result: { b: 2 } });
  assertEquals(await reply(200, '{"__wire__":"text","data":1,"more":2}'), { result: { __wire__: "text", data: 1, more: 2 } });
});

Deno.test("an integer that no number holds is told with its place inside the tag", async () => {
  const expected = { longInteger: { path: ["b"], digits: "9007199254740993" } };
  assertEquals(await reply(200, '{"__wire__":"text","data":{"b":9007199254740993}}'), { result: { b: 9007199254740992 }, ...expected });
});

Deno.test("an error of a job tells its class, and a cancelled call by its prefix", async () => {
  assertEquals(await reply(500, jobError({ retriable: true })), { error: { ...ERROR, code: "plugin_error", retriable: true } });
  const repr = "CapabilityCancelledError('m')";
  assertEquals(await reply(409, jobError({ original_exc_repr: repr })), {
    error: { ...ERROR, type: "CapabilityCancelledError", original_exc_repr: repr, code: "cancelled" },
  });
});

Deno.test("a result that the worker itself could not write is a bad result", async () => {
  const traceback = '  File "/x/core/worker.py", line 9, in execute\n    return JSONResponse(result)';
  assertEquals(await reply(500, jobError({ traceback })), {
    error: { ...ERROR, traceback, code: "bad_result", category: "fatal", retriable: false },
  });
});

for (
  const [what, status, body, code] of [
    ["409 in plain words", 409, '{"detail":"gone"}', "cancelled"],
    ["no such endpoint", 404, '{"detail":"Not Found"}', "not_supported"],
    ["a plugin without it", 501, '{"detail":"no prefetch"}', "not_supported"],
    ["a failure in plain words", 500, '{"detail":"bad"}', "plugin_error"],
    ["a failure of the server", 500, "Internal Server Error", "plugin_error"],
  ] as const
) {
  Deno.test(`the original's answers have a code: ${what}`, async () => {
    const { error } = await reply(status, body) as { error: { code: string } };
    assertEquals(error.code, code);
  });
}

Deno.test("a hook that fails with status 200 is an error, of a plugin's result only data", async () => {
  const body = '{"status":"error","detail":"hook"}';
  assertEquals(await reply(200, body, "cancel"), { error: { code: "plugin_error", type: "Exception", message: "hook", traceback: "" } });
  assertEquals(await reply(200, body), { result: { status: "error", detail: "hook" } });
});

Deno.test("what is no answer of the original's is refused with the advice", async () => {
  for (const [status, body] of [[200, "<html>"], [302, ""], [418, '{"detail":"teapot"}']] as const) {
    await assertRejects(() => reply(status, body), MalformedReplyError, ADVICE);
  }
});

Deno.test("a stream's lines are chunks, Python's words are numbers, and its end is a result", async () => {
  assertEquals(await stream('{"a":1}\n\n[NaN,-Infinity,"NaN"]\n2'), [
    { chunk: { a: 1 } },
    { chunk: [NaN, -Infinity, "NaN"] },
    { chunk: 2 },
    { result: null },
  ]);
  assertEquals(await stream(""), [{ result: null }]);
});

Deno.test("what looks like an error is one only at the end of a stream", async () => {
  const line = jobError();
  assertEquals(await stream(`${line}\n1\n`), [{ chunk: JSON.parse(line) }, { chunk: 1 }, { result: null }]);
  assertEquals(await stream(`1\n${line}\n`), [{ chunk: 1 }, { error: { ...ERROR, code: "plugin_error", retriable: false } }]);
  const old = '{"error":"old"}';
  assertEquals(await stream(old), [{ chunk: { error: "old" } }, { result: null }]);
  assertEquals(await stream(old, false), [{ error: { code: "plugin_error", type: "Exception", message: "old", traceback: "" } }]);
});

Deno.test("a stream that is no JSON, or no stream, is an error", async () => {
  await assertRejects(() => stream("1\n<html>\n"), MalformedReplyError, ADVICE);
  const refused = new Response(jobError(), { status: 500 });
  const frames = await Array.fromAsync(readOriginalStream(refused, { jobErrors: true, advice: ADVICE }));
  assertEquals(frames as unknown[], [{ error: { ...ERROR, code: "plugin_error", retriable: false } }]);
});
