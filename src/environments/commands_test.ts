import { assertEquals } from "@std/assert";
import { installCommand, isTooOld, venvCommand } from "./commands.ts";
import type { EnvironmentForm } from "./inputs.ts";

const TOO_OLD: readonly string[] = ["<3.8", ">=3.6,<3.8", "==3.7.*", "<=3.7", "~=3.7.1", "<3", "==2.7.18", ">=2.7,<3.0", "==3.6"];
const RECENT: readonly string[] = [">=3.6", "==3.8.*", "<=3.8", "<4", "~=3.9", "!=3.7", "==3.*", ">=3.8,<3.13", "==3.11.7", ""];

Deno.test("a range that leaves out every Python of a worker is told from one that does not", () => {
  assertEquals(TOO_OLD.filter((range) => !isTooOld(range)), []);
  assertEquals(RECENT.filter(isTooOld), []);
});

Deno.test("a version is too old as a range of it alone is, and a path and another Python's name tell nothing", () => {
  assertEquals(["3.7", "3.7.17", "2", "3", "3.8", "3.12", "/opt/python3.7", "pypy"].filter(isTooOld), ["3.7", "3.7.17", "2"]);
});

function inline(more: Partial<Extract<EnvironmentForm, { kind: "inline" }>>): EnvironmentForm {
  return { kind: "inline", folder: "/p", python: undefined, dependencies: [], index: undefined, extraArgs: [], ...more };
}

Deno.test("a range of Pythons goes together with what a worker needs, a version and a path stand for themselves", () => {
  const asked = [undefined, ">=3.10,<3.13", "3.12", "/opt/python"].map((python) => venvCommand(inline({ python }), "/e").args.at(-2));
  assertEquals(asked, [">=3.8", ">=3.10,<3.13,>=3.8", "3.12", "/opt/python"]);
});

Deno.test("what a manifest lists is installed, and a password of its index is in no argument", () => {
  const form = inline({ dependencies: ["a", "--b"], index: "https://me:secret@index/simple", extraArgs: ["--no-build"] });
  assertEquals(installCommand(form, "/e"), {
    args: ["pip", "install", "--python", "/e/bin/python", "--no-build", "--", "a", "--b"],
    env: { UV_DEFAULT_INDEX: "https://me:secret@index/simple" },
  });
  assertEquals(installCommand(inline({}), "/e"), undefined);
});

Deno.test("where only wheels are taken nothing is built, whatever a manifest's arguments say", () => {
  const path = "/p/pyproject.toml";
  const forms: EnvironmentForm[] = [
    inline({ dependencies: ["a"], extraArgs: ["--build"] }),
    { kind: "script", path: "/p/a.py", hasLock: true, text: "" },
    { kind: "script", path: "/p/a.py", hasLock: false, text: "" },
    { kind: "project", path, hasLock: true, text: "" },
    { kind: "project", path, hasLock: false, text: "[build-system]" },
    { kind: "requirements", path: "/p/requirements.txt", text: "" },
  ];
  for (const form of forms) {
    const args = (wheelsOnly: boolean) => installCommand(form, "/e", { wheelsOnly })!.args;
    assertEquals([args(true).includes("--no-build"), args(false).includes("--no-build")], [true, false], JSON.stringify(form));
  }
  const { args } = installCommand(forms[0]!, "/e", { wheelsOnly: true })!;
  assertEquals(args.slice(-5), ["--build", "--no-editable", "--no-build", "--", "a"]);
});

Deno.test("bytecode is written where that is asked for, and a lock is used as it is", () => {
  const form: EnvironmentForm = { kind: "script", path: "/p/a.py", hasLock: true, text: "" };
  assertEquals(installCommand(form, "/e", { compiles: true }), {
    args: ["sync", "--python", "/e/bin/python", "--compile-bytecode", "--script", "/p/a.py", "--active", "--locked"],
    env: { TMPDIR: "/e", VIRTUAL_ENV: "/e" },
  });
});
