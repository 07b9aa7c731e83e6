import { assertEquals, assertStringIncludes } from "@std/assert";
import { findLeaks } from "./leaks.ts";

const linux = Deno.build.os === "linux";

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A program that runs until its input ends. */
function reader(options: { args?: string[]; env?: Record<string, string> }): Deno.ChildProcess {
  const args = ["eval", "for await (const _ of Deno.stdin.readable);", ...options.args ?? []];
  return new Deno.Command(Deno.execPath(), { args, env: options.env ?? {}, stdin: "piped", stdout: "null", stderr: "null" }).spawn();
}

Deno.test("a run that cleans up has left nothing", () =>
  withFolder(async (folder) => {
    assertEquals(await findLeaks(folder), { files: [], processes: linux ? [] : undefined });
  }));

Deno.test("files and folders that remain are named", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/remote-plugin-1`);
    await Deno.writeTextFile(`${folder}/a.txt`, "");
    assertEquals((await findLeaks(folder, 0)).files, [`${folder}/a.txt`, `${folder}/remote-plugin-1/`]);
  }));

Deno.test({
  name: "a process that remains is named, known by its environment or by its command line",
  ignore: !linux,
  fn: () =>
    withFolder(async (folder) => {
      const left = [reader({ env: { TMPDIR: folder } }), reader({ args: [folder] })];
      const { processes } = await findLeaks(folder, 0);
      assertEquals(processes?.map((line) => Number(line.split(" ")[0])).sort(), left.map((child) => child.pid).sort());
      assertStringIncludes(processes?.[0] ?? "", "eval");
      await Promise.all(left.map((child) => child.stdin.close().then(() => child.status)));
      assertEquals((await findLeaks(folder)).processes, []);
    }),
});

Deno.test({
  name: "a process that ends by itself within the wait is no leak",
  ignore: !linux,
  fn: () =>
    withFolder(async (folder) => {
      const child = reader({ env: { TMPDIR: folder } });
      const leaks = findLeaks(folder);
      await child.stdin.close();
      assertEquals((await leaks).processes, []);
      await child.status;
    }),
});
