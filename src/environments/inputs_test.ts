import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { WorkerStartError } from "../errors.ts";
import { installCommand, requiredPython } from "./commands.ts";
import { type EnvironmentInputs, readInputs } from "./inputs.ts";

/** What is read of one file among these. */
async function inputsOf(files: Readonly<Record<string, string>>, name: string): Promise<EnvironmentInputs & { readonly folder: string }> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [file, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${file}`, text);
    return { ...await readInputs({ kind: "path", path: `${folder}/${name}` }, "p"), folder };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const SCRIPT = '# /// script\n# requires-python = ">=3.9"\n# dependencies = []\n# ///\nimport os\n';

Deno.test("a script's metadata is found with either line end, and says which Python it requires", async () => {
  for (const text of [SCRIPT, SCRIPT.replaceAll("\n", "\r\n")]) {
    const { form } = await inputsOf({ "p.py": text }, "p.py");
    assert(form.kind === "script");
    assertEquals([requiredPython(form), form.hasLock], [">=3.9", false]);
  }
  const { form } = await inputsOf({ "p.py": SCRIPT, "p.py.lock": "version = 1" }, "p.py");
  assert(form.kind === "script" && form.hasLock);
});

Deno.test("metadata that is almost that of a script is told from none", async () => {
  const almost = ["# /// script ", "#/// script", "\uFEFF# /// script", "# ///script", "# /// script\n#dependencies = []"];
  for (const line of almost) {
    const error = await assertRejects(() => inputsOf({ "p.py": `${line}\n# dependencies = []\n# ///\n` }, "p.py"), WorkerStartError);
    assertStringIncludes(error.message, 'p.py" cannot be read. Begin each of its lines');
  }
});

Deno.test("a line of a project that is a comment requires no Python", async () => {
  const { form } = await inputsOf({ "pyproject.toml": '[project]\n# requires-python = "<3.8"\n' }, ".");
  assertEquals(requiredPython(form), undefined);
});

/** As `uv` reads them. */
const INCLUDING = [
  "-r b c.txt",
  '-r "b c.txt" # why',
  "-c 'b c.txt'",
  "-r b\\ c.txt",
  "--requirement=b c.txt",
  "\t--constraint  b c.txt  ",
];

for (const line of INCLUDING) {
  Deno.test(`"${line}" names a file`, async () => {
    const { folder, files } = await inputsOf({ "a.txt": `six\r\n${line}\r\n`, "b c.txt": "idna" }, "a.txt");
    assertEquals(files, [`${folder}/a.txt`, `${folder}/b c.txt`]);
  });
}

Deno.test("a project with something to build is a package, and one with a lock has one", async () => {
  const found = await inputsOf({ "pyproject.toml": "[project]\n[build-system]\n", "uv.lock": "" }, ".");
  assert(found.form.kind === "project");
  assertEquals([found.form.hasLock, requiredPython(found.form)], [true, undefined]);
  assertEquals(installCommand({ ...found.form, hasLock: false }, "/e")?.args.at(-2), "--editable");
});

Deno.test("what a requirements file names counts as its own, also in a circle, and so does what is not there", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const hash = async () => (await readInputs({ kind: "path", path: `${folder}/a.txt` }, "p")).hash;
    await Deno.writeTextFile(`${folder}/a.txt`, "-r b.txt\n-c https://example.org/c.txt\n");
    const without = await hash();
    await Deno.writeTextFile(`${folder}/b.txt`, "--constraint=a.txt\nnumpy\n");
    const before = await hash();
    await Deno.writeTextFile(`${folder}/b.txt`, "--constraint=a.txt\npillow\n");
    assertEquals(new Set([without, before, await hash()]).size, 3);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a script without metadata, a folder without a project and a path without anything are told", async () => {
  const cases: [Record<string, string>, string, string][] = [
    [{ "p.py": "import os\n" }, "p.py", 'has no script metadata. Add lines such as "# /// script"'],
    [{}, ".", 'there is no "'],
    [{}, "nowhere.txt", 'nowhere.txt". Correct "environment" in its manifest'],
  ];
  for (const [files, name, told] of cases) {
    const error = await assertRejects(() => inputsOf(files, name), WorkerStartError, told);
    assertEquals(error.phase, "environment");
  }
});

Deno.test("the same text elsewhere is another environment, for it may name what lies beside it", async () => {
  const [one, other] = [await inputsOf({ "p.py": SCRIPT }, "p.py"), await inputsOf({ "p.py": SCRIPT }, "p.py")];
  assertNotEquals(one.hash, other.hash);
});
