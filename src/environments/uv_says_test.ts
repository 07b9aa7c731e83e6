import { assertEquals, assertStringIncludes } from "@std/assert";
import { uvSays } from "./uv_says.ts";

/** What `uv` 0.13.9 writes, the reason that is told of it, and what is to be done. */
const TOLD: readonly (readonly [output: string, reason: string, advice: string])[] = [
  [
    "Using Python 3.11.7 environment at: e3\nerror: No solution found when resolving dependencies\n  cause: Because x was not found in the package registry.",
    "No solution found when resolving dependencies cause: Because x was not found in the package registry",
    "Correct the dependencies",
  ],
  [
    "error: TOML parse error at line 1, column 20\n  |\n1 | requires-python = >=3.8\n  |                    ^\nunexpected key or value",
    "TOML parse error at line 1, column 20 1 | requires-python = >=3.8 unexpected key or value",
    "Correct what cannot be read",
  ],
  [
    "error: No interpreter found for Python 3.99 in managed installations or search path\n",
    "No interpreter found for Python 3.99 in managed installations or search path",
    "Install that Python, by uv python install or from https://www.python.org/downloads/, or correct what is required",
  ],
  [
    "error: Failed to fetch: https://pypi.org/simple/iniconfig/\n  cause: dns error",
    "Failed to fetch: https://pypi.org/simple/iniconfig/ cause: dns error",
    "Look at the network, and at the address of the index",
  ],
  [
    "error: No solution found\n\nhint: An index URL (http://x/simple) could not be queried due to a lack of valid authentication credentials (401 Unauthorized).",
    "No solution found hint: An index URL (http://x/simple) could not be queried due to a lack of valid authentication credentials (401 Unauthorized)",
    "Look at the address of the index, and at its name and password",
  ],
  [
    "error: Failed to build `a @ file:///a`\n  cause: RuntimeError: the kettle is empty",
    "Failed to build `a @ file:///a` cause: RuntimeError: the kettle is empty",
    "Install what it takes to build it, or choose a version that needs no building",
  ],
  [
    "error: Failed to write\n  cause: No space left on device (os error 28)",
    "Failed to write cause: No space left on device (os error 28)",
    "Make room there, or set XDG_CACHE_HOME and UV_CACHE_DIR to folders that have it",
  ],
];

for (const [output, reason, advice] of TOLD) {
  Deno.test(`what uv says of "${reason.slice(0, 40)}…" is told with what to do`, () => {
    assertEquals(uvSays(output), `uv says: ${reason}. ${advice}`);
  });
}

Deno.test("what nobody foresaw is told as it is, and a long reason is cut", () => {
  assertEquals(uvSays("error: the moon is full"), "uv says: the moon is full");
  assertStringIncludes(uvSays(`error: ${"x".repeat(2_000)}`), `${"x".repeat(100)} …`);
  assertEquals(uvSays(""), "uv says: ");
});
