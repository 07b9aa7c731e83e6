import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { BadStartError, type Input, parseStartLine, readStartLine } from "./start_line.ts";

const START = { protocol: 1, token: "t", listen: { unix: "/s" }, plugin: { module: "file:///p.ts" } };

function inputOf(...parts: readonly Uint8Array[]): Input {
  const rest = [...parts];
  return {
    read(buffer) {
      const part = rest.shift();
      if (part !== undefined) buffer.set(part);
      return Promise.resolve(part?.length ?? null);
    },
  };
}

Deno.test("The start line may come in pieces, cut anywhere", async () => {
  const bytes = new TextEncoder().encode(`${JSON.stringify({ ...START, token: "tökén" })}\nrest`);
  const start = await readStartLine(inputOf(...Array.from(bytes, (byte) => new Uint8Array([byte]))));
  assertEquals(start.token, "tökén");
});

Deno.test("What the start line leaves out has a default", () => {
  const start = parseStartLine(JSON.stringify({ ...START, limits: { max_concurrency: 3 } }));
  assertEquals(start.limits, { max_concurrency: 3, max_body_bytes: 536870912, cancel_grace_ms: 200 });
  assertEquals(start.plugin.class, "default");
});

Deno.test("A start line that cannot be used is refused with what is wrong in it", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [5, "not a JSON object"],
    [{ ...START, protocol: 2 }, "speaks version 2"],
    [{ ...START, token: "" }, '"token"'],
    [{ ...START, listen: {} }, '"listen"'],
    [{ ...START, plugin: {} }, '"plugin.module"'],
    [{ ...START, limits: { max_concurrency: 0 } }, '"limits.max_concurrency"'],
  ];
  for (const [line, message] of cases) assertThrows(() => parseStartLine(JSON.stringify(line)), BadStartError, message);
  assertThrows(() => parseStartLine("{"), BadStartError, "not JSON");
});

Deno.test("A start line that never ends is refused", async () => {
  await assertRejects(() => readStartLine(inputOf(new Uint8Array(5))), BadStartError, "ended before");
  const endless: Input = { read: (buffer) => Promise.resolve(buffer.length) };
  await assertRejects(() => readStartLine(endless), BadStartError, "longer than");
});
