import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Registry } from "../support/registry.ts";
import { WrittenPlugin, type WrittenStart } from "../support/written_plugin.ts";

const PACKAGES = {
  known: { "package.json": '{"name": "known", "version": "1.0.0", "type": "module"}', "index.js": 'export default "from npm";' },
};
/** Imports what it is told to, itself or in a worker of its own: by a name that is computed, in a module that imports it statically, or directly. */
const IMPORTS = `
const entries = {
  computed: (from) => "import(" + JSON.stringify(from) + ").then((m) => postMessage(m.default), (e) => postMessage(String(e)))",
  static: (from) => "import text from " + JSON.stringify(from) + "; postMessage(text)",
};
const dataUrl = (code) => "data:text/javascript," + encodeURIComponent(code);
async function inWorker(url) {
  const worker = new Worker(url, { type: "module" });
  const { promise, resolve } = Promise.withResolvers();
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => (event.preventDefault(), resolve(event.message));
  return await promise.finally(() => worker.terminate());
}
export default {
  async execute({ from, worker, inData }) {
    if (worker !== undefined) return await inWorker(worker === "direct" ? from : dataUrl(entries[worker](from)));
    return (await import(inData ? dataUrl("export { default } from " + JSON.stringify(from)) : from)).default;
  },
};
`;

/** The same as a package of npm, whose own modules import by Node's rules, and others' not. */
const PLUGIN_PACKAGE = {
  "package.json": '{"name": "whole", "version": "1.0.0", "type": "module", "exports": "./index.js"}',
  "index.js": IMPORTS,
};

const WAYS: readonly Record<string, unknown>[] = [{}, { inData: true }, { worker: "computed" }, { worker: "static" }, { worker: "direct" }];

/** The names by which a module of each kind is imported, and the host that a plugin needs for it. */
function sources({ url, host }: Registry): (readonly [from: string, host: string])[] {
  return [["npm:known@1.0.0", "registry.npmjs.org"], ["jsr:@s/n@1.0.0", host], [`${url}/module.ts`, host]];
}

/** Both registries of the process are the test's. Deno trusts the host that JSR_URL names without being told to, as it does some others. */
function registries({ url }: Registry): WrittenStart {
  return { variables: { NPM_CONFIG_REGISTRY: url, JSR_URL: url } };
}

Deno.test("deno: a plugin that was granted no import fetches nothing, however it imports, and is told what to ask for", async () => {
  await using registry = new Registry(PACKAGES);
  await using plugin = await WrittenPlugin.create({ "plugin.ts": IMPORTS });
  await using worker = await plugin.start(registries(registry));
  for (const [from] of sources(registry)) {
    for (const way of WAYS) {
      const said = await worker.execute({ from, ...way }).catch((error) => String(error));
      assertMatch(said as string, /--no-npm|--no-remote|import access/, `${from} ${JSON.stringify(way)}`);
    }
    const error = await worker.execute({ from }).catch((error) => String(error));
    assertMatch(error as string, /Add "(registry.npmjs.org|127\.0\.0\.1:\d+)" to "import" in the manifest's "permissions"/);
  }
  assertEquals(registry.requests, []);
});

Deno.test("deno: a plugin that was granted no import cannot be loaded with one, and one that stands in it and is not reached fetches nothing", async () => {
  await using registry = new Registry(PACKAGES);
  await using plugin = await WrittenPlugin.create({});
  for (const [from, host] of sources(registry)) {
    await plugin.write("plugin.ts", `import text from "${from}"; export default { execute: () => text };`);
    assertStringIncludes(await plugin.refusal({}, registries(registry)), `Add "${host}" to "import"`);
    await plugin.write("plugin.ts", `export default { execute: ({ go }: { go: boolean }) => go ? import("${from}") : "here" };`);
    assertEquals(await plugin.run({}, registries(registry)), "here");
    assertStringIncludes(await plugin.refusal({ go: true }, registries(registry)), `Add "${host}" to "import"`);
  }
  assertEquals(registry.requests, []);
});

Deno.test("deno: a plugin imports from the hosts that it was granted, and from no others", async () => {
  await using registry = new Registry(PACKAGES);
  await using other = new Registry(PACKAGES);
  await using plugin = await WrittenPlugin.create({ "plugin.ts": IMPORTS });
  const granted = (hosts: true | string[]): WrittenStart => ({ ...registries(registry), permissions: { import: hosts } });
  const wanted = ["from npm", "from JSR", "fetched /module.ts"];
  for (const [index, [from, host]] of sources(registry).entries()) {
    assertEquals(await plugin.run({ from }, granted([host])), wanted[index]);
    assertEquals(await plugin.run({ from }, granted(true)), wanted[index]);
  }
  const [npm, jsr, http] = sources(registry);
  assertStringIncludes(await plugin.refusal({ from: http![0] }, granted(["registry.npmjs.org"])), `Add "${registry.host}" to "import"`);
  assertStringIncludes(await plugin.refusal({ from: jsr![0] }, granted([other.host])), `Add "${registry.host}" to "import"`);
  assertStringIncludes(await plugin.refusal({ from: npm![0] }, granted([other.host])), 'Add "registry.npmjs.org" to "import"');
  assertEquals(other.requests, []);
});

Deno.test("deno: a plugin that may import does so by the registries of the host's own user", async () => {
  await using registry = new Registry(PACKAGES);
  await using plugin = await WrittenPlugin.create({ "plugin.ts": IMPORTS });
  Deno.env.set("NPM_CONFIG_REGISTRY", registry.url);
  try {
    assertEquals(await plugin.run({ from: "npm:known@1.0.0" }, { permissions: { import: ["registry.npmjs.org"] } }), "from npm");
  } finally {
    Deno.env.delete("NPM_CONFIG_REGISTRY");
  }
});

Deno.test("deno: a module that the manifest names is fetched with what belongs to it, and nothing after that", async () => {
  await using registry = new Registry({ whole: PLUGIN_PACKAGE });
  await using plugin = await WrittenPlugin.create({});
  const module = "npm:whole@1.0.0";
  await using worker = await plugin.start({ module, ...registries(registry) });
  const asked = registry.requests.length;
  assertEquals(asked > 0, true);
  for (const from of ["npm:leak-text", "jsr:@s/leak-text", `${registry.url}/leak-text.ts`]) {
    for (const way of [{ inData: true }, { worker: "computed" }, { worker: "static" }]) {
      const said = await worker.execute({ from, ...way }).catch((error) => String(error));
      assertMatch(said as string, /--cached-only|import access/, `${from} ${JSON.stringify(way)}`);
    }
  }
  assertEquals(registry.requests.length, asked);
});

Deno.test("deno: a module on a server may import from that server while it is loaded, and not afterwards", async () => {
  const files: Record<string, string> = {
    "/plugin.ts":
      'import word from "./word.ts"; export default { execute: async ({ from }) => from ? (await import(from)).default : word };',
    "/word.ts": 'export default "word";',
  };
  const requests: string[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    requests.push(new URL(url).pathname);
    return new Response(files[new URL(url).pathname] ?? "", { headers: { "content-type": "application/typescript" } });
  });
  const base = `http://127.0.0.1:${server.addr.port}`;
  await using plugin = await WrittenPlugin.create({});
  await using worker = await plugin.start({ module: `${base}/plugin.ts` });
  assertEquals(await worker.execute(), "word");
  const error = await worker.execute({ from: `${base}/leak-text.ts` }).catch((error) => String(error));
  assertMatch(error as string, /Add "127\.0\.0\.1:\d+" to "import"/);
  assertEquals(requests, ["/plugin.ts", "/word.ts"]);
});
