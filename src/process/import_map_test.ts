import { assertEquals } from "@std/assert";
import { absoluteMap, withFixedNames, withSubpaths } from "./import_map.ts";
import { moduleAccess } from "./module_access.ts";

Deno.test("an import map means the same in another place, and packages keep the text of their versions", () => {
  const imports = { a: "./a.ts", "./b": "/b.ts", "lib/": "../lib/", std: "jsr:@std/path@^1", tool: "npm:tool@^2", blocked: null };
  assertEquals(absoluteMap(withSubpaths({ imports, scopes: { "./in/": { a: "./c.ts" } } }), new URL("file:///p/q/deno.json")), {
    imports: {
      a: "file:///p/q/a.ts",
      "file:///p/q/b": "file:///b.ts",
      "lib/": "file:///p/lib/",
      std: "jsr:@std/path@^1",
      "std/": "jsr:/@std/path@^1/",
      tool: "npm:tool@^2",
      "tool/": "npm:/tool@^2/",
      blocked: null,
    },
    scopes: { "file:///p/q/in/": { a: "file:///p/q/c.ts" } },
  });
});

Deno.test("a fixed name wins in each part of an import map, however the map writes it", () => {
  const own = "file:///w/main.mjs";
  const evil = { "file:///w/x/../main.mjs": "evil", "FILE:///w/main.mjs": "evil", [own]: "evil", "file:///w/": "evil/" };
  const fixed = { [own]: own };
  assertEquals(withFixedNames({ imports: evil, scopes: { "data:text/": evil } }, fixed), {
    imports: { "file:///w/": "evil/", ...fixed },
    scopes: { "data:text/": { "file:///w/": "evil/", ...fixed } },
  });
});

Deno.test("npm is open to whom its host was granted, by that name or by the one of the user's own registry", () => {
  const npm = (granted: true | string[] | undefined, module = "file:///p.ts", environment = {}) =>
    moduleAccess({ module, granted, environment }).npm;
  assertEquals([npm(undefined), npm([]), npm(["example.com"]), npm(["npmjs.org"])], ["never", "never", "never", "never"]);
  assertEquals([npm(true), npm(["registry.npmjs.org"]), npm(["registry.npmjs.org:443"])], ["always", "always", "always"]);
  assertEquals(npm(["npm.corp"], "file:///p.ts", { NPM_CONFIG_REGISTRY: "https://npm.corp:8443/npm/" }), "always");
  assertEquals([npm(undefined, "npm:tool"), npm(["example.com"], "npm:tool"), npm(true, "npm:tool")], ["before", "before", "always"]);
});
