import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import type { CallToolResult } from "@modelcontextprotocol/client";
import { eventually, within } from "../support/guard.ts";
import { pythonManifest } from "../support/managed_plugins.ts";
import { BOTH, fixtureManifest } from "../support/fixture_proxy.ts";
import { type Era, ERAS, McpUser } from "../support/mcp_user.ts";

type Block = CallToolResult["content"][number];

/** What the first block of a result says. */
function textOf({ content: [first] }: { readonly content: readonly Block[] }): string {
  assertEquals(first?.type, "text");
  return first?.type === "text" ? first.text : "";
}

/** A structured result, as clients of 2025 get what is no object. */
function structured(era: Era, value: unknown): unknown {
  return era === "2025" ? { result: value } : value;
}

for (const era of ERAS) {
  Deno.test(`${era}: each plugin is a tool with the types and the words of its method`, async () => {
    await using user = await McpUser.start([await pythonManifest("typed"), await pythonManifest("hints")], era);
    const { tools } = await user.client.listTools();
    assertEquals(tools.map(({ name, description }) => [name, description?.split("\n")[0]]), [
      ["hints", "Finds the words in a recording."],
      ["typed", "Repeats a text."],
    ]);
    const [hints, typed] = tools;
    assertEquals(typed!.inputSchema, {
      type: "object",
      properties: { text: { type: "string", description: "What is said." }, times: { type: "integer", default: 1 } },
      required: ["text"],
      additionalProperties: false,
    });
    assertEquals([typed!.outputSchema, hints!.outputSchema?.type], [undefined, "object"]);
    assertEquals(textOf(await user.client.callTool({ name: "typed", arguments: { text: "ho", times: 2 } })), "hoho!");
  });

  Deno.test(`${era}: a method of any name is a tool with a name that assistants take`, async () => {
    await using user = await McpUser.start([await pythonManifest("odd_names")], era);
    const { tools } = await user.client.listTools();
    const names = tools.map(({ name }) => name);
    assertEquals([names.length, new Set(names).size, names.filter((name) => !/^odd_names-[A-Za-z0-9_]+$/.test(name))], [11, 11, []]);
    const given = await Promise.all(names.map((name) => user.client.callTool({ name, arguments: { given: 1 } })));
    const called = given.map((result) => JSON.parse(textOf(result)) as [string, number]);
    assertEquals(new Set(called.map(([name]) => `odd_names: ${name}`)), new Set(tools.map(({ title }) => title)));
  });

  Deno.test(`${era}: each method of a plugin is a tool beside it`, async () => {
    for (const face of BOTH) {
      await using user = await McpUser.start([await fixtureManifest(face, "methods"), await fixtureManifest(face, "typed")], era);
      const { tools } = await user.client.listTools();
      const names = tools.map(({ name }) => name);
      for (const name of ["methods", "methods-shout", "methods-words", "typed"]) {
        assert(names.includes(name), `${name} is no tool: ${names}`);
      }
      assertEquals(names.some((name) => /execute|_secret|state|cancel/.test(name)), false);
      const shout = tools.find(({ name }) => name === "methods-shout")!;
      assertEquals([shout.description, shout.title, shout.inputSchema.required], ["Says it loudly.", "methods: shout", ["text"]]);
      assertEquals(textOf(await user.client.callTool({ name: "methods-shout", arguments: { text: "hi" } })), "HI");
      const words = await user.client.callTool({ name: "methods-words", arguments: { text: "one two" } });
      assertEquals(words.structuredContent, structured(era, ["one", "two"]));
      const wrong = await user.client.callTool({ name: "methods-shout", arguments: { txt: "hi" } });
      assertEquals(wrong.isError, true);
      const unknown = 'There is no tool "methods-shuot". The nearest name is "methods-shout"';
      await assertRejects(() => user.client.callTool({ name: "methods-shuot", arguments: {} }), Error, unknown);
      for (
        const name of [
          "methods-_secret",
          "methods-execute",
          "methods-cancel",
          "methods-__proto__",
          "methods-",
          "methods-%73hout",
          "-",
          "💥",
        ]
      ) {
        await assertRejects(() => user.client.callTool({ name, arguments: {} }), Error, "There is no tool");
      }
    }
  });

  Deno.test(`${era}: a plugin that is written in TypeScript is a tool`, async () => {
    await using user = await McpUser.start([await fixtureManifest(BOTH[1]!, "typed")], era);
    const { tools } = await user.client.listTools();
    assertEquals([tools[0]!.name, Object.keys(tools[0]!.inputSchema.properties!)], ["typed", ["text", "times"]]);
    assertEquals(textOf(await user.client.callTool({ name: "typed", arguments: { text: "ho", times: 2 } })), "hoho!");
  });

  Deno.test(`${era}: a result that is no text is structured`, async () => {
    await using user = await McpUser.start([await pythonManifest("gives_back")], era);
    const call = async (value: unknown) => await user.client.callTool({ name: "gives_back", arguments: { value } });
    const object = await call({ a: [1, null] });
    assertEquals([textOf(object), object.structuredContent], ['{"a":[1,null]}', { a: [1, null] }]);
    const list = await call([1, "a"]);
    assertEquals([textOf(list), list.structuredContent], ['[1,"a"]', structured(era, [1, "a"])]);
    const nothing = await call(null);
    assertEquals([textOf(nothing), nothing.structuredContent], ["null", structured(era, null)]);
  });

  Deno.test(`${era}: progress is told to a client that asks for it`, async () => {
    await using user = await McpUser.start([await pythonManifest("reports")], era);
    const seen: unknown[] = [];
    const steps = [[0.25, "a"], [1, "b"]];
    const result = await user.client.callTool({ name: "reports", arguments: { steps } }, { onprogress: (note) => seen.push(note) });
    assertEquals([textOf(result), seen], ["done", [{ progress: 0.25, total: 1, message: "a" }, { progress: 1, total: 1, message: "b" }]]);
    assertEquals(textOf(await user.client.callTool({ name: "reports", arguments: { steps } })), "done");
  });

  Deno.test(`${era}: the chunks of a stream are progress, and together the result`, async () => {
    await using user = await McpUser.start([await pythonManifest("streams_only")], era);
    const seen: number[] = [];
    const result = await user.client.callTool({ name: "streams_only", arguments: { count: 3 } }, {
      onprogress: ({ progress }) => seen.push(progress),
    });
    assertEquals([textOf(result), result.structuredContent], ["0\n1\n2", structured(era, [0, 1, 2])]);
    assertEquals([seen[0], seen.at(-1)], [1, 3]);
  });

  Deno.test(`${era}: a call that its client cancels ends in the plugin, which takes the next one`, async () => {
    await using user = await McpUser.start([await pythonManifest("holds")], era);
    const abort = new AbortController();
    const call = user.client.callTool({ name: "holds", arguments: { hold: "a" } }, {
      signal: abort.signal,
      onprogress: () => abort.abort("enough"),
    });
    await assertRejects(() => within(call, "the end of the call"), Error, "enough");
    // The plugin runs one call at a time.
    assertEquals(textOf(await within(user.client.callTool({ name: "holds", arguments: { note: "free" } }), "the next call")), "free");
  });

  Deno.test(`${era}: what fails in a plugin is told as the tool's error, and the next call works`, async () => {
    await using user = await McpUser.start([
      await pythonManifest("raises"),
      await pythonManifest("kills_itself"),
      await pythonManifest("echo"),
    ], era);
    const raised = await user.client.callTool({ name: "raises", arguments: {} });
    assertEquals(raised.isError, true);
    assertMatch(textOf(raised), /"execute" of "raises" failed with BrokenModelError: the model is broken/);
    for (let times = 0; times < 2; times++) {
      const died = await within(user.client.callTool({ name: "kills_itself", arguments: {} }), "the error of a worker that died");
      assertEquals(died.isError, true);
      assertMatch(textOf(died), /SIGKILL/);
    }
  });

  Deno.test(`${era}: arguments that a tool does not take are refused with what is wrong, and no plugin is called`, async () => {
    await using user = await McpUser.start([await pythonManifest("typed")], era);
    const refused = await user.client.callTool({ name: "typed", arguments: { text: 3, time: 1 } });
    assertEquals(refused.isError, true);
    for (const place of ["$.text", "$.time"]) assertStringIncludes(textOf(refused), place);
    await assertRejects(() => user.client.callTool({ name: "typd", arguments: {} }), Error, 'The nearest name is "typed"');
  });

  Deno.test(`${era}: pictures and sounds are content, and so are other files`, async () => {
    await using user = await McpUser.start([await pythonManifest("shows")], era);
    const show = async (kind: string, size = 8) => await user.client.callTool({ name: "shows", arguments: { kind, size } });
    const [picture] = (await show("picture")).content;
    assert(picture?.type === "image" && picture.mimeType === "image/png" && Uint8Array.fromBase64(picture.data)[1] === 0x50);
    const [sound] = (await show("sound")).content;
    assert(sound?.type === "audio" && sound.mimeType === "audio/wav" && sound.data.startsWith(btoa("RIFF").slice(0, 4)));
    const [page] = (await show("page")).content;
    assert(page?.type === "resource" && "text" in page.resource && page.resource.text.startsWith("<p>8</p>"));
    const [bytes] = (await show("bytes", 3)).content;
    assert(bytes?.type === "resource" && "blob" in bytes.resource && bytes.resource.blob === "AAAA");
    const { dtype, shape, values } = (await show("array", 3)).structuredContent as Record<string, unknown>;
    assertEquals([dtype, shape, values], ["<i2", [1, 3], [[0, 1, 2]]]);
    const [array] = (await show("array", 2_000)).content;
    assert(array?.type === "resource" && array.resource.mimeType === "application/x-npy");
    const both = await show("both");
    assertEquals(both.content.map(({ type }) => type), ["text", "image", "audio"]);
    const { before, sound: [listed], share } = both.structuredContent as Record<string, Record<string, unknown>> & { sound: unknown[] };
    assertEquals([before!.content, (listed as Record<string, unknown>).content, share], [1, 2, "NaN"]);
  });

  Deno.test(`${era}: a file for which a result has no room is told of, and kept where a folder is named`, async () => {
    const large = { name: "shows", arguments: { kind: "picture", size: 10_000_000 } };
    const loud = { name: "shows", arguments: { kind: "sound", size: 10_000_000 } };
    {
      await using user = await McpUser.start([await pythonManifest("shows")], era);
      assertEquals((await user.client.callTool(large)).content[0]?.type, "image");
      assertMatch(textOf(await user.client.callTool(loud)), /^A file of 100000\d\d bytes \(audio\/wav\) .* "--save FOLDER"$/);
    }
    await using user = await McpUser.start([await pythonManifest("shows")], era, ["--save", "kept"]);
    const [link] = (await user.client.callTool(loud)).content;
    assert(link?.type === "resource_link");
    assertEquals([link.mimeType, (await Deno.stat(new URL(link.uri))).size], ["audio/wav", link.size]);
    assertStringIncludes(fromFileUrl(link.uri), join(user.user.folder.path, "kept"));
  });

  Deno.test(`${era}: a text for which a result has no room is cut, and says so`, async () => {
    await using user = await McpUser.start([await pythonManifest("returns_much")], era);
    await using typed = await McpUser.start([await pythonManifest("typed")], era);
    const text = textOf(await typed.client.callTool({ name: "typed", arguments: { text: "a\\\n", times: 10_000_000 } }));
    assertMatch(text.slice(-100), /\[The first part of 30000001 bytes, of which a result may have 8388608\]$/);
    assert(JSON.stringify(text).length > 8_000_000);
    assertEquals((await user.client.listTools()).tools.length, 1);
  });

  Deno.test(`${era}: a client is told when there is another plugin`, async () => {
    await using user = await McpUser.start([await pythonManifest("echo")], era);
    assertEquals((await user.client.listTools()).tools.map(({ name }) => name), ["echo"]);
    const changed = Promise.withResolvers<void>();
    user.client.setNotificationHandler("notifications/tools/list_changed", () => changed.resolve());
    if (era === "2026") await user.client.listen({ toolsListChanged: true });
    await user.user.folder.write("typed.json", await pythonManifest("typed"));
    await within(changed.promise, "the notification");
    await eventually(async () => (await user.client.listTools()).tools.length === 2, "two tools");
  });
}

Deno.test("a plugin that cannot be started is no tool, and standard error says why", async () => {
  await using user = await McpUser.start([await pythonManifest("raises_at_import"), await pythonManifest("echo")], "2026");
  assertEquals((await user.client.listTools()).tools.map(({ name }) => name), ["echo"]);
  await eventually(() => user.errors.includes('"raises_at_import" is no tool: '), "the reason");
});

Deno.test("a plugin whose name assistants refuse is a tool with another name", async () => {
  const odd = { ...await pythonManifest("typed"), name: "a b/ü\n\x1b[31m" };
  await using user = await McpUser.start([odd], "2026");
  assertEquals((await user.client.listTools()).tools.map(({ name, title }) => [name, title]), [["a_b_____31m", odd.name]]);
  assertEquals(textOf(await user.client.callTool({ name: "a_b_____31m", arguments: { text: "ho" } })), "ho!");
});

Deno.test("mcp PLUGIN offers one plugin alone", async () => {
  await using user = await McpUser.start([await pythonManifest("typed"), await pythonManifest("echo")], "2026", ["echo"]);
  assertEquals((await user.client.listTools()).tools.map(({ name }) => name), ["echo"]);
  await assertRejects(() => user.client.callTool({ name: "typed", arguments: { text: "ho" } }), Error, 'There is no tool "typed"');
});
