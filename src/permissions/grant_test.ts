import { assertEquals, assertThrows } from "@std/assert";
import { grantPermissions, intersectPermissions, namesVariable } from "./grant.ts";

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
    [["/data/a/../../data/b"], ["/data"], ["/data/b"]],
    [["/data/a/../../etc"], ["/data/"], undefined],
    [["/data/"], ["/data/../data"], ["/data"]],
    [["//data//a/."], ["/data"], ["/data/a"]],
    [["/"], ["/data"], ["/data"]],
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
    [["A.COM:443"], ["a.com"], ["a.com:443"]],
    [["[::1]:80"], ["[::1]"], ["[::1]:80"]],
    [["[::1]"], ["[::1"], undefined],
    [["unix:/run/a"], ["unix:/run/a"], ["unix:/run/a"]],
    [["unix:/run/a:b"], ["unix:/run/a"], undefined],
    [["unix:/run/docker.sock"], ["unix"], undefined],
    [["vsock:1:2"], ["vsock:1"], undefined],
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

Deno.test("a pattern covers no program, and no way around leads from one program to another", () => {
  const asked = ["/usr/bin/../../tmp/x", "/usr/bin/git"];
  assertEquals(intersectPermissions({ run: asked }, { run: ["/usr/bin/*", "/usr/bin/x", "/usr/bin/gi*"] }).run, undefined);
  assertEquals(grantPermissions({ run: asked }, { run: ["/usr/bin/git", "/tmp/x"] }).permissions.run, ["/tmp/x", "/usr/bin/git"]);
});

Deno.test("an empty list grants nothing, whatever the other side says", () => {
  for (const other of [true, [], ["/a"]] as const) {
    assertEquals(intersectPermissions({ run: [], read: [] }, { run: other, read: other }), {});
    assertEquals(intersectPermissions({ run: other, read: other }, { run: [], read: [] }), {});
  }
  assertEquals(intersectPermissions({ run: [] }, "requested"), {});
});

Deno.test("a policy whose entries Deno would read as others is refused", () => {
  for (const policy of [{ read: [""] }, { env: ["A,B"] }, { run: ["git*"] }, { net: ["a.com", ""] }]) {
    assertThrows(() => grantPermissions({}, policy), TypeError, 'The policy "permissions" has');
  }
});

Deno.test("a policy names a variable by itself alone, and not by all or by a pattern", () => {
  const policies = [{ env: ["A"] }, { env: true }, { env: ["A*", "*"] }, {}, { env: ["a"] }] as const;
  assertEquals(policies.map((policy) => namesVariable(policy, { env: ["A"] }, "A")), [true, false, false, false, false]);
  assertEquals([namesVariable("requested", { env: ["A"] }, "A"), namesVariable("requested", { env: true }, "A")], [true, false]);
});

Deno.test("a long list that is accepted as it is requested is granted whole, each entry once", () => {
  const read = Array.from({ length: 50_000 }, (_, at) => `/data/${at}`);
  assertEquals(intersectPermissions({ read: [...read, "/data/7/../7"] }, "requested"), { read });
});
