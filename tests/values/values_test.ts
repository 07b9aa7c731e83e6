import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CallError, RemoteError, RemotePluginProxy } from "@remote-plugin/proxy";
import { BOTH, BOTH_OF_EITHER, fixtureManifest, foreignManifest, labelOf, startEither } from "../support/fixture_proxy.ts";
import { ServedPlugins } from "../support/served_plugins.ts";

const PYTHON = BOTH_OF_EITHER.filter(({ worker }) => worker === "python");

function nested(depth: number): unknown {
  return Array.from({ length: depth }).reduce<unknown>((inner) => [inner], 1);
}

for (const face of BOTH_OF_EITHER) {
  const label = labelOf(face);

  Deno.test(`${label}: what JSON would empty is refused as an argument, with its place, and nothing is sent`, async () => {
    await using plugin = await startEither(face, "gives_back");
    const values = [Promise.resolve([1, 2]), /a+/, new Error("x"), new WeakMap(), new Headers(), Object(1n), new Date(NaN)];
    for (const value of values) {
      const error = await assertRejects(() => plugin.execute({ value: [0, { value }] }), CallError);
      assertEquals(error.code, "invalid_arguments");
      assertStringIncludes(error.message, 'the value at "$.kwargs.value[1].value" is a');
    }
    assertEquals(await plugin.execute({ value: 1 }), 1);
  });

  Deno.test(`${label}: arguments nested by the thousand are refused, in a configuration too`, async () => {
    await using plugin = await startEither(face, "configured");
    for (const depth of [2_000, 5_000, 100_000]) {
      for (const call of [() => plugin.execute({ value: nested(depth) }), () => plugin.initialize({ model: nested(depth) })]) {
        const error = await assertRejects(call, CallError, "is nested more than 1000 deep");
        assertEquals(error.code, "invalid_arguments");
      }
    }
    assertEquals(await plugin.isAlive(), true);
  });

  Deno.test(`${label}: nine hundred lists in each other come back`, async () => {
    await using plugin = await startEither(face, "gives_back");
    assertEquals(await plugin.execute({ value: nested(900) }), nested(900));
  });

  Deno.test(`${label}: -0 comes back as -0`, async () => {
    await using plugin = await startEither(face, "gives_back");
    const [zero, negative] = await plugin.execute<number[]>({ value: [0, -0] });
    assertEquals([Object.is(zero, 0), Object.is(negative, -0)], [true, true]);
  });

  Deno.test(`${label}: in a configuration, which has no room for its name, -0 is 0`, async () => {
    await using plugin = await startEither(face, "configured");
    await plugin.initialize({ model: -0 });
    assertEquals(Object.is((await plugin.getCurrentConfig()).model, 0), true);
  });
}

for (const face of BOTH_OF_EITHER.filter(({ worker }) => worker === "deno")) {
  Deno.test(`${labelOf(face)}: what JSON would empty is refused as a result, with its place, and the plugin goes on`, async () => {
    await using plugin = await startEither(face, "javascript_values");
    for (const bad of ["error", "regexp", "promise", "weakMap", "response", "headers", "formData", "search", "secret"]) {
      const error = await assertRejects(() => plugin.execute({ bad }), RemoteError);
      assertStringIncludes(error.remoteMessage, 'The result at "$.in" is a');
    }
    await assertRejects(() => plugin.execute({ bad: "deep" }), RemoteError, "is nested more than 1000 deep");
    assertEquals(await plugin.execute({ good: "instance" }), { x: 1, y: 2 });
  });
}

for (const face of PYTHON) {
  const label = labelOf(face);

  for (
    const [expression, place] of [
      ["{1: 'a', '1': 'b'}", "$"],
      ["{'in': [{True: 'a', 'true': 'b'}]}", "$.in[0]"],
      ["[{None: 1, 'null': 2}] * 1000", "$[0]"],
      ["{n: {n: 0, str(n): 0} for n in range(1000)}", '$["0"]'],
      ["{(1, 2): 3}", "$"],
      ["[1, 10**400]", "$[1]"],
      ["{'text': 'x' * 100000, 'in': -10**309}", "$.in"],
      ["{'in': [1, 2**53 + 1]}", "$.in[1]"],
      ["2**64 - 1", "$"],
      ["[range(3)]", "$[0]"],
      ["[1j]", "$[0]"],
    ] as const
  ) {
    Deno.test(`${label}: ${expression} is refused with its place, as a result and in a stream, and the plugin goes on`, async () => {
      await using plugin = await startEither(face, "evaluates");
      await assertRejects(() => plugin.execute({ expression }), RemoteError, `The result at "${place}" `);
      const chunks = plugin.executeStream({ expressions: ["1", expression, "2"] });
      assertEquals((await chunks.next()).value, 1);
      const error = await assertRejects(() => chunks.next(), RemoteError, `The chunk at "${place}" `);
      assertEquals([error.category, error.retriable], ["fatal", false]);
      assertEquals(await plugin.execute({ expression: "'on'" }), "on");
    });
  }

  Deno.test(`${label}: integers of which JavaScript has a number arrive, and mappings whose keys do not meet`, async () => {
    await using plugin = await startEither(face, "evaluates");
    for (
      const [expression, value] of [
        ["[2**53, -2**53 - 2, 2**60, 10**22, 2**1023]", [2 ** 53, -(2 ** 53) - 2, 2 ** 60, 1e22, 2 ** 1023]],
        ["{1: 'a', '2': 'b', 2.5: 'c', True: 'd'}", { 1: "d", 2: "b", 2.5: "c" }],
        ["{10**30: 0}", { "1000000000000000000000000000000": 0 }],
        ["[{'1': 1, 'n': 1}] * 1000", new Array(1000).fill({ 1: 1, n: 1 })],
        ["__import__('datetime').timedelta(days=1, microseconds=1)", "PT86400.000001S"],
      ] as const
    ) assertEquals(await plugin.execute({ expression }), value);
  });
}

Deno.test("an integer of which JavaScript has no number is refused with its place also when the original's worker sends it", async () => {
  await using plugin = await RemotePluginProxy.start(foreignManifest());
  await assertRejects(() => plugin.execute({ evaluate: "[0, {'in': 2**53 + 1}]" }), RemoteError, 'The result at "$[1].in" ');
  await assertRejects(() => plugin.execute({ evaluate: "10**400" }), RemoteError, 'The result at "$" ');
  assertEquals(await plugin.execute({ evaluate: "2**60" }), 2 ** 60);
});

Deno.test("python: a result that ends whoever looks at it is its own call's error, and the plugin goes on", async () => {
  await using plugin = await startEither({ worker: "python", transport: "unix" }, "python_values");
  const error = await assertRejects(() => plugin.execute({ bad: "exiting" }), RemoteError, "not to be read");
  assertEquals(error.remoteType, "SystemExit");
  assertEquals(await plugin.execute({ good: "tuple" }), [1, [2, 3]]);
});

Deno.test("through serve an integer of which JavaScript has no number is refused with its place, on its way in and out", async () => {
  const [python] = BOTH;
  const manifests = { gives: await fixtureManifest(python!, "gives_back"), evaluates: await fixtureManifest(python!, "evaluates") };
  await using served = await ServedPlugins.start(manifests);
  const headers = { authorization: `Bearer ${served.token}` };
  const post = (plugin: string, body: string) => fetch(`${served.url}/${plugin}/execute`, { method: "POST", headers, body });
  const refused = await post("gives", '{"kwargs":{"value":[9007199254740993]}}');
  assertEquals([refused.status, (await refused.json()).detail.includes('"$.kwargs.value[0]"')], [400, true]);
  assertEquals(await (await post("gives", '{"kwargs":{"value":[9007199254740992]}}')).json(), [2 ** 53]);
  const failed = await post("evaluates", '{"kwargs":{"expression":"[2**53 + 1]"}}');
  assertEquals([failed.status, (await failed.json()).detail.includes('"$[0]"')], [500, true]);
  assertEquals(await (await post("evaluates", '{"kwargs":{"expression":"[-0.0]"}}')).text(), "[0]");
});

for (
  const [expression, category] of [
    ["__import__('subprocess').run(['sleep', '9'], timeout=0.01)", "transient"],
    ["(_ for _ in ()).throw(__import__('ssl').SSLEOFError(8, 'the other side has left'))", "transient"],
    ["(_ for _ in ()).throw(__import__('ssl').SSLCertVerificationError(1, 'the certificate has expired'))", "fatal"],
    ["(_ for _ in ()).throw(__import__('ssl').SSLError(2, 'whose number is none of the system'))", "fatal"],
    ["(_ for _ in ()).throw(OSError(__import__('errno').ELOOP, 'too many links'))", "user_input"],
  ] as const
) {
  Deno.test(`python: what ${expression} raises is ${category}`, async () => {
    await using plugin = await RemotePluginProxy.start(await fixtureManifest(BOTH[0]!, "evaluates"));
    const error = await assertRejects(() => plugin.execute({ expression }), RemoteError);
    assertEquals([error.category, error.retriable], [category, category === "transient"]);
  });
}
