import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { testPython } from "../tests/support/python.ts";

const PROGRAM = fromFileUrl(new URL("python_lint.py", import.meta.url));

/** What the lint says of modules. */
async function lint(modules: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, source] of Object.entries(modules)) await Deno.writeTextFile(join(folder, `${name}.py`), source);
    const { stdout, stderr } = await new Deno.Command(testPython(), { args: [PROGRAM, folder] }).output();
    return new TextDecoder().decode(new Uint8Array([...stdout, ...stderr])).trim().split("\n").filter((line) => line !== "");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("python_lint: modules that import each other in a circle are found, also within functions and for types", async () => {
  const a = "def a():\n    from .b import b\n";
  const b = "if TYPE_CHECKING:\n    from .c import c\n";
  assertEquals(await lint({ a, b, c: "from .a import a\n" }), ["in a circle: a -> b -> c -> a"]);
  assertEquals(await lint({ a, b, c: "import a\n" }), []);
});

Deno.test("python_lint: a name with an underscore is its module's own", async () => {
  const a = "class A:\n    def __init__(self):\n        self._x = 1\n\n    def _y(self):\n        pass\n";
  assertEquals(await lint({ a, b: "from .a import A, _z\nA()._x\nA()._y()\n" }), [
    "b:1 uses _z, which is another module's own",
    "b:2 uses _x, which is another module's own",
    "b:3 uses _y, which is another module's own",
  ]);
  assertEquals(await lint({ a, b: "from .a import A\nclass B(A):\n    def b(self):\n        self._x\n" }), []);
});

Deno.test("python_lint: a module of more than 300 lines is too long", async () => {
  assertEquals(await lint({ a: "\n".repeat(300), b: "\n".repeat(301) }), ["b has 301 lines"]);
});
