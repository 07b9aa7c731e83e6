import { assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import { CallError, ProtocolError } from "@remote-plugin/proxy";
import { LoopWatch } from "../support/loop_watch.ts";
import { testPython } from "../support/python.ts";
import { ManagerWatch, ManifestFolder } from "../support/managed_plugins.ts";

/** A plugin with a schema of its own, and its manager. */
async function plugged(folder: ManifestFolder, schema: unknown): Promise<ManagerWatch> {
  await Deno.writeTextFile(`${folder.path}/schema.json`, JSON.stringify(schema));
  const source = `
import json, os

class Plugin:
    def get_config_schema(self):
        with open(os.path.join(os.path.dirname(__file__), "schema.json")) as schema:
            return json.load(schema)

    def initialize(self, config):
        self.config = config

    def get_current_config(self):
        return self.config

    def execute(self):
        return "fine"
`;
  await Deno.writeTextFile(`${folder.path}/plugin.py`, source);
  const env_vars = { PYTHONDONTWRITEBYTECODE: "1" };
  return await ManagerWatch.create({
    manifests: [{ name: "p", python_path: testPython(), module: "plugin", class: "Plugin", plugin_path: folder.path, env_vars }],
  });
}

/** A schema in which each definition has two of the next, so that one value is held against two to the power of their number. */
function doubled(depth: number): Record<string, unknown> {
  const $defs = Object.fromEntries(
    Array.from({ length: depth }, (_, at) => [`d${at}`, { allOf: [{ $ref: `#/$defs/d${at + 1}` }, { $ref: `#/$defs/d${at + 1}` }] }]),
  );
  return { $ref: "#/$defs/d0", $defs: { ...$defs, [`d${depth}`]: { type: "object" } } };
}

const SLOW_PATTERN = "^(([^x]|[^y])+)+\\u0000$";
const TEXT = "large-v3-turbo-2024-english";

/** Schemas that take longer than anybody waits, each with a configuration. */
const ENDLESS: Readonly<Record<string, readonly [unknown, Record<string, unknown>]>> = {
  "a pattern": [{ properties: { model: { type: "string", pattern: SLOW_PATTERN } } }, { model: TEXT }],
  "a pattern of keys": [{ patternProperties: { [SLOW_PATTERN]: { type: "number" } } }, { [TEXT]: 1 }],
  "a pattern behind a reference": [
    { properties: { model: { $ref: "#/$defs/m" } }, $defs: { m: { propertyNames: { pattern: SLOW_PATTERN } } } },
    { model: { [TEXT]: 1 } },
  ],
  "a format whose own pattern is slow": [
    { properties: { url: { type: "string", format: "url" } } },
    { url: `http://${"a".repeat(60)}!` },
  ],
  "references that double": [doubled(60), {}],
  "a list whose items are all compared": [
    { properties: { list: { type: "array", uniqueItems: true } } },
    { list: Array.from({ length: 40_000 }, (_, at) => [[[at]]]) },
  ],
};

for (const [what, [schema, config]] of Object.entries(ENDLESS)) {
  Deno.test(`a schema that takes for ever by ${what} is an error within seconds, and holds nobody up meanwhile`, async () => {
    await using folder = await ManifestFolder.create({});
    await using watch = await plugged(folder, schema);
    await watch.manager.load("p");
    using loop = new LoopWatch();
    const error = await assertRejects(() => watch.manager.configure("p", config), ProtocolError);
    assertLess(loop.longestMs, 800);
    assertStringIncludes(error.message, "its JSON Schema takes more than 1000 ms to check");
    assertEquals(await watch.manager.getConfig("p"), undefined);
    assertEquals(await watch.manager.get("p").execute(), "fine");
  });
}

Deno.test("a schema that leads back to itself, or has a pattern longer than any, is an invalid one", async () => {
  const schemas = [{ $ref: "#" }, { properties: { a: { pattern: "a".repeat(20_000) } } }, { properties: { a: { pattern: "(" } } }];
  for (const schema of schemas) {
    await using folder = await ManifestFolder.create({});
    await using watch = await plugged(folder, schema);
    await watch.manager.load("p");
    const error = await assertRejects(() => watch.manager.configure("p", { a: "x" }), ProtocolError);
    assertStringIncludes(error.message, "its JSON Schema is invalid");
  }
});

Deno.test("a schema with patterns, references and formats judges as ever, and only so many places are told", async () => {
  await using folder = await ManifestFolder.create({});
  const model = { type: "string", pattern: "^[a-z]+-v\\d$" };
  const place = { type: "object", properties: { url: { type: "string", format: "uri" }, port: { $ref: "#/$defs/port" } } };
  const properties = { model, place: { $ref: "#/$defs/place" }, ids: { type: "array", items: { type: "integer" }, uniqueItems: true } };
  const schema = { type: "object", properties, $defs: { place, port: { type: "integer", maximum: 65535 } } };
  await using watch = await plugged(folder, schema);
  const right = { model: "large-v3", place: { url: "https://example.com/", port: 443 }, ids: [1, 2] };
  await watch.manager.configure("p", right);
  assertEquals(await watch.manager.get("p").getCurrentConfig(), right);
  const wrong = { model: "large v3", place: { url: "nowhere", port: 70_000 }, ids: [1, 1] };
  const error = await assertRejects(() => watch.manager.configure("p", wrong), CallError);
  assertEquals(error.code, "invalid_arguments");
  for (const text of ['"$.model": String does not match pattern', '"$.place.url"', '"$.place.port": 70000 is greater', '"$.ids"']) {
    assertStringIncludes(error.message, text);
  }
  const many = await assertRejects(() => watch.manager.configure("p", { ids: Array.from({ length: 100 }, () => "x") }), CallError);
  assertStringIncludes(many.message, "; and 81 more. Nothing was sent");
});
