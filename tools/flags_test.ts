import { assertEquals, assertThrows } from "@std/assert";
import { declaredFlags, declaredPlugins } from "./flags.ts";

const NAMES = { PYTHON: "/usr/bin/python3", TMP: "/tmp/x" };

Deno.test("a script's own comment is its permissions", () => {
  const source = "// flags: --allow-run=python3 --allow-env=HOME,PATH --allow-net\nimport x;\n";
  assertEquals(declaredFlags(source, NAMES), ["--allow-run=python3", "--allow-env=HOME,PATH", "--allow-net"]);
});

Deno.test("flags may take more lines, among other comments at the top", () => {
  const source = "// A story.\n// flags: --allow-net\n// flags: --allow-env\n\n// flags: --allow-ffi\n";
  assertEquals(declaredFlags(source, NAMES), ["--allow-net", "--allow-env"]);
});

Deno.test("names are filled in, and what the machine has not is left out", () => {
  const source = "// flags: --allow-run=$PYTHON,deno --allow-write=$TMP/out";
  assertEquals(declaredFlags(source, NAMES), ["--allow-run=/usr/bin/python3,deno", "--allow-write=/tmp/x/out"]);
  assertEquals(declaredFlags(source, { ...NAMES, PYTHON: undefined }), ["--allow-run=deno", "--allow-write=/tmp/x/out"]);
  assertEquals(declaredFlags("// flags: --allow-run=$PYTHON", { PYTHON: undefined }), []);
});

Deno.test("a script that needs no permission says so, one that says nothing is told apart", () => {
  assertEquals(declaredFlags("// flags:\n", NAMES), []);
  assertEquals(declaredFlags("import x;\n", NAMES), undefined);
});

Deno.test("an unknown name is refused", () => {
  assertThrows(
    () => declaredFlags("// flags: --allow-read=$PYHTON", NAMES),
    Error,
    `"$PYHTON" in "$PYHTON" is not known, only $PYTHON, $TMP`,
  );
});

Deno.test("a script names the manifests of its plugins beside its flags", () => {
  const source = "// flags: --allow-net\n// plugin: a.json\n// plugin: b/c.json\nimport x;\n// plugin: late.json\n";
  assertEquals(declaredPlugins(source), ["a.json", "b/c.json"]);
  assertEquals(declaredPlugins("import x;\n"), []);
});
