import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { compareVersions } from "./versions.ts";

/** In ascending order, those in a line being equal: what `packaging` 26.4 says, which is how pip reads versions. */
const PYTHON_ORDER = `
0 0.0
0.9
0.9.1 00.9.01
1.0.dev 1.0DEV
1.0.dev5 1.0-dev5
1.0a 1.0a0
1.0a1.dev3
1.0a1 1.0-alpha.1 1.0.alpha1 1.0_ALPHA_1
1.0a1.post2.dev4
1.0a1.post2
1.0a2
1.0a10
1.0b1 1.0-beta1
1.0.beta.2
1.0rc1 1.0c1 1.0-pre1 1.0preview1 1.0-rc.1
1.0rc2.dev1
1.0rc2
1.0rc10
1 1.0 v1.0 1.0.0 V1.0.0.0
1.0+0x10
1.0+1e10
1.0+1e5
1.0+abc
1.0+abc.1
1.0+abc.2.x
1.0+cu.118 1.0+cu-118
1.0.0+cu118 1.0+CU118
1.0+ubuntu.1 1.0+ubuntu-1
1.0+5
1.0+10
1.0+118
1.0post 1.0.post0
1.0.post1.dev2
1.0.post1 1.0-1 1.0-post1 1.0rev1 1.0-r1
1.0.post1+x.7
1.0.post2
1.0.post10
1.0.0.0.1.dev1
1.0.0.0.1
1.0.1
1.1.dev1
1.1
1.2.0a1
1.2.3.4.5
1.9.1
1.10.0-rc2
1.10.0-rc10
1.10.0 1.10
2.0.0rc1
2 2.0 v2.0
0!3.0 3.0
10.0
2024.1.15
2024.01.16
20240115
20240115123456789012345
20240115123456789012346
1!0.1
1!1.0 v1!1.0
2!0
`;

/** The example of https://semver.org, and what else Python cannot read. A pre-release by another name than Python's stands right below its release. */
const OTHERS = `
latest
nightly
nightly-2
nightly-10
1.0.0-alpha 1.0.0-a
1.0.0-alpha.1
1.0.0-beta 1.0.0-b.0
1.0.0-rc.1
1.0.0-0.3.7
1.0.0-alpha.beta
1.0.0-canary.2 1.0.0-canary.2+build.7 v1.0-canary.2
1.0.0-canary.10
1.0.0-canary.x
1.0.0-x.7.z.92
1.0.0
1.0.1-snapshot
1.0.1
`;

for (
  const [name, table] of Object.entries({ "as Python's packaging orders them": PYTHON_ORDER, "that Python cannot read, by SemVer": OTHERS })
) {
  Deno.test(`versions are ordered ${name}`, () => {
    const lines = table.trim().split("\n").map((line) => line.split(" "));
    const all = lines.flatMap((versions, line) => versions.map((version) => ({ version, line })));
    const wrong = all.flatMap((a) =>
      all.filter((b) => Math.sign(compareVersions(a.version, b.version)) !== Math.sign(a.line - b.line)).map((b) => [a.version, b.version])
    );
    assertEquals(wrong, []);
  });
}

/** Versions as they are written, and nearly so. */
const version = fc.oneof(
  fc.constantFrom(...`${PYTHON_ORDER}${OTHERS}`.trim().split(/\s+/)),
  fc.array(fc.constantFrom("1", "0", "10", ".", "-", "+", "a", "rc", "dev", "post", "v", "1!", "x", "_", " "), { maxLength: 8 }).map((
    parts,
  ) => parts.join("")),
  fc.string({ maxLength: 6 }),
);

Deno.test("the order of versions is one: whatever they are, it is the other way round from the other side, and goes on", () => {
  fc.assert(fc.property(version, version, version, (a, b, c) => {
    assertEquals(Math.sign(compareVersions(a, b)), -Math.sign(compareVersions(b, a)) + 0);
    const [low, middle, high] = [a, b, c].sort(compareVersions) as [string, string, string];
    return compareVersions(low, middle) <= 0 && compareVersions(middle, high) <= 0 && compareVersions(low, high) <= 0 &&
      // What is equal stands in the same place among all others.
      (compareVersions(a, b) !== 0 || Math.sign(compareVersions(a, c)) === Math.sign(compareVersions(b, c)));
  }));
});
