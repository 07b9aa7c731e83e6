import { assertEquals, assertStringIncludes } from "@std/assert";
import { type CallOutcome, createGateway } from "@remote-plugin/proxy/gateway";
import { eventually } from "../support/guard.ts";
import { ManagerWatch } from "../support/managed_plugins.ts";

const TOKEN = "let-me-in";

interface Asking extends AsyncDisposable {
  readonly watch: ManagerWatch;
  readonly outcomes: readonly CallOutcome[];
  give(kwargs: Readonly<Record<string, unknown>>, accept?: string): Promise<Response>;
}

async function asking(): Promise<Asking> {
  const watch = await ManagerWatch.of("hands_over");
  const outcomes: CallOutcome[] = [];
  const observer = { opened: () => {}, ended: (_: unknown, outcome: CallOutcome) => void outcomes.push(outcome) };
  const gateway = createGateway(watch.manager, { token: TOKEN, observers: [observer] });
  return {
    watch,
    outcomes,
    give: (kwargs, accept) => {
      const headers = { authorization: `Bearer ${TOKEN}`, ...accept === undefined ? {} : { accept } };
      const body = JSON.stringify({ kwargs: { action: "give", ...kwargs } });
      return gateway(new Request("http://localhost/hands_over/execute", { method: "POST", body, headers }));
    },
    [Symbol.asyncDispose]: () => watch[Symbol.asyncDispose](),
  };
}

Deno.test("a result that is a file answers as what it is, with its length and a name", async () => {
  await using asked = await asking();
  for (const size of [3, 3_000_000]) {
    const reply = await asked.give({ size });
    const headers = ["content-type", "content-length", "content-disposition", "x-content-type-options"].map((name) =>
      reply.headers.get(name)
    );
    assertEquals(headers, ["application/octet-stream", `${size}`, 'attachment; filename="hands_over.bin"', "nosniff"]);
    const bytes = await reply.bytes();
    assertEquals([reply.status, bytes.length, bytes.every((byte, at) => byte === at % 256)], [200, size, true]);
  }
  const text = await asked.give({ size: 3, kind: "dto" }, "text/plain");
  assertEquals([text.headers.get("content-type"), (await text.bytes()).length], ["text/plain", 3]);
  await eventually(() => asked.outcomes.length === 3, "three calls that were told");
  assertEquals(asked.outcomes.map(({ status, code, bytesOut }) => [status, code, bytesOut]), [
    [200, undefined, 3],
    [200, undefined, 3_000_000],
    [200, undefined, 3],
  ]);
});

Deno.test("a client that does not take the file is told what it is", async () => {
  await using asked = await asking();
  const reply = await asked.give({ size: 3 }, "application/json");
  const { code, detail } = await reply.json();
  assertEquals([reply.status, code], [406, "bad_result"]);
  assertStringIncludes(detail, 'Ask for it with "Accept: application/octet-stream"');
});

Deno.test("a client that leaves a file half read leaves nothing, and its call was cancelled", async () => {
  await using asked = await asking();
  const reply = await asked.give({ size: 30_000_000 });
  const reader = reply.body!.getReader();
  assertEquals((await reader.read()).done, false);
  await reader.cancel();
  await eventually(() => asked.outcomes.length === 1, "the call's end");
  assertEquals(asked.outcomes[0]!.code, "cancelled");
  assertEquals((await (await asked.give({ size: 3 })).bytes()).length, 3);
});
