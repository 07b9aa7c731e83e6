import { assertEquals, assertThrows } from "@std/assert";
import type { Manifest } from "../manifest/manifest.ts";
import { loadManifest } from "../manifest/load.ts";
import { type BoundsOptions, grantTo, type WorkerGrant } from "./worker_grant.ts";

async function grant(permissions: Manifest["permissions"], options: BoundsOptions): Promise<WorkerGrant> {
  return grantTo(await loadManifest({ name: "p", module: "m", class: "C", permissions }), options);
}

Deno.test("a Python plugin that asks for nothing is not bounded, unless the host requires it", async () => {
  for (const bounds of [undefined, "watched", "required", "kernel"] as const) {
    const keeper = bounds === "required" || bounds === "kernel" ? "kernel" : undefined;
    assertEquals(await grant(undefined, { permissions: { read: true }, bounds }), { permissions: {}, keeper, inherits: [], warnings: [] });
  }
});

Deno.test("a Python plugin that is watched is held to nothing", async () => {
  const asked = { read: ["/data"] };
  assertEquals((await grant(asked, { permissions: "requested" })).keeper, "kernel");
  assertEquals(await grant(asked, { permissions: "requested", bounds: "watched" }), {
    permissions: asked,
    keeper: undefined,
    inherits: [],
    warnings: [],
  });
});

Deno.test("a Python plugin gets no more than it asks for and no more than the policy allows", async () => {
  const asked = { read: ["/data"], write: true, net: [":443", ":80"], run: true } as const;
  assertEquals((await grant(asked, {})).permissions, {});
  assertEquals((await grant(asked, { permissions: "requested" })).permissions, asked);
  const allowed = { read: ["/data/a"], write: ["/out"], net: [":443", ":22"], run: true } as const;
  const common = { read: ["/data/a"], write: ["/out"], net: [":443"], run: true } as const;
  assertEquals((await grant(asked, { permissions: allowed })).permissions, common);
});

Deno.test("a Python plugin gets nothing for hosts and programs of a policy, which the kernel cannot hold it to, and says so", async () => {
  const policy = { net: ["example.com", ":443"], run: ["git"] };
  const { permissions, warnings } = await grant({ net: true, run: true }, { permissions: policy });
  assertEquals(permissions, { net: [":443"] });
  assertEquals(
    warnings,
    ["hosts", "programs"].map((what) =>
      `"p" is a Python plugin, which the kernel cannot hold to the ${what} of the policy. It gets none of these`
    ),
  );
  assertEquals((await grant({ read: true }, { permissions: policy })).warnings, []);
});

Deno.test("a policy that Deno would read as another one is refused for Python as well", async () => {
  const spec = await loadManifest({ module: "m", class: "C", permissions: {} });
  assertThrows(() => grantTo(spec, { permissions: { read: [""] } }), TypeError, 'The policy "permissions" has "" in "read"');
});

Deno.test("a bounded Python plugin inherits those variables that the policy names, and is told of the others", async () => {
  const inherits = async (inherit_env: Manifest["inherit_env"], options: BoundsOptions, permissions: Manifest["permissions"] = {}) => {
    const granted = grantTo(await loadManifest({ name: "p", module: "m", class: "C", permissions, inherit_env }), options);
    return [granted.inherits, granted.warnings.length];
  };
  const asked = ["TOKEN", "AWS_KEY"];
  assertEquals(await inherits(asked, {}), [[], 2]);
  assertEquals(await inherits(asked, { permissions: "requested" }), [asked, 0]);
  assertEquals(await inherits(asked, { permissions: { env: true } }), [asked, 0]);
  assertEquals(await inherits(asked, { permissions: { env: ["AWS_*", "HOME"] } }), [["AWS_KEY"], 1]);
  assertEquals(await inherits(true, { permissions: { env: ["AWS_*"] } }), [["AWS_*"], 1]);
  assertEquals(await inherits(true, { permissions: { env: true } }), [true, 0]);
  const unbound = { name: "p", module: "m", class: "C", inherit_env: true } as const;
  assertEquals(grantTo(await loadManifest(unbound), {}).inherits, true);
  assertEquals(grantTo(await loadManifest(unbound), { bounds: "required" }).inherits, []);
});
