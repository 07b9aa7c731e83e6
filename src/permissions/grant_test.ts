import { assertEquals } from "@std/assert";
import { intersectPermissions } from "./grant.ts";

Deno.test("a plugin gets nothing from a policy that allows nothing", () => {
  assertEquals(intersectPermissions({ read: true, net: ["a.com"] }, {}), {});
});

Deno.test('the policy "requested" gives what the manifest asks for', () => {
  const asked = { read: ["/data"], ffi: true } as const;
  assertEquals(intersectPermissions(asked, "requested"), asked);
});

Deno.test("a plugin gets no more than it asks for and no more than the policy allows", () => {
  assertEquals(intersectPermissions({ read: true, write: ["/out"], env: ["A"] }, { read: ["/data"], write: true, net: true }), {
    read: ["/data"],
    write: ["/out"],
  });
});

for (
  const [asked, allowed, common] of [
    [["/data/a"], ["/data"], ["/data/a"]],
    [["/data"], ["/data/a"], ["/data/a"]],
    [["/data"], ["/data"], ["/data"]],
    [["/database"], ["/data"], undefined],
    [["/data/../etc"], ["/data"], undefined],
    [["/data/..hidden"], ["/data"], ["/data/..hidden"]],
    [["/a", "/b"], ["/b", "/c"], ["/b"]],
  ] as const
) {
  Deno.test(`asking to read ${asked} under a policy of ${allowed} gives ${common ?? "nothing"}`, () => {
    assertEquals(intersectPermissions({ read: asked }, { read: allowed }).read, common);
  });
}

for (
  const [asked, allowed, common] of [
    [["a.com"], ["a.com"], ["a.com"]],
    [["a.com:443"], ["a.com"], ["a.com:443"]],
    [["a.com"], ["a.com:443"], ["a.com:443"]],
    [["a.com.evil.org"], ["a.com"], undefined],
    [["a.com:44"], ["a.com:443"], undefined],
  ] as const
) {
  Deno.test(`asking for the host ${asked} under a policy of ${allowed} gives ${common ?? "nothing"}`, () => {
    assertEquals(intersectPermissions({ net: asked }, { net: allowed }).net, common);
  });
}

Deno.test("a variable's name may be covered by a pattern, on either side", () => {
  assertEquals(intersectPermissions({ env: ["AWS_KEY", "HOME"] }, { env: ["AWS_*"] }).env, ["AWS_KEY"]);
  assertEquals(intersectPermissions({ env: ["AWS_*"] }, { env: ["AWS_KEY"] }).env, ["AWS_KEY"]);
});
