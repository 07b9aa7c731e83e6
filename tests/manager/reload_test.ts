import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { ManagerEvent, ManagerOptions } from "@remote-plugin/proxy/manager";
import { within } from "../support/guard.ts";
import { ManagerWatch, ManifestFolder } from "../support/managed_plugins.ts";
import { testPython } from "../support/python.ts";
import { runHostAsAnybody } from "../support/run_host.ts";

/** How the same plugin is written in both languages. */
interface Language {
  readonly kind: "python" | "deno";
  readonly main: string;
  readonly helper: string;
  /** A plugin that says a word, which its helper knows when it has one. */
  says(word: string): string;
  readonly saysHelpers: string;
  /** A helper that knows a word. */
  knows(word: string): string;
  /** A plugin that imports its helper only in a call. */
  readonly importsLate: string;
  /** A plugin that is loaded when a file is there, and says when it waits for that. */
  waits(word: string): string;
  /** What no parser takes. */
  readonly broken: string;
}

const PYTHON: Language = {
  kind: "python",
  main: "plugin.py",
  helper: "parts/helper.py",
  says: (word) =>
    `class Plugin:\n    def execute(self):\n        return "${word}"\n    def execute_stream(self, gate):\n        yield "${word}"\n        import os, time\n        while not os.path.exists(gate):\n            time.sleep(0.005)\n        yield "${word} to the end"\n`,
  saysHelpers: "from parts.helper import word\nclass Plugin:\n    def execute(self):\n        return word\n",
  knows: (word) => `word = "${word}"\n`,
  importsLate: "class Plugin:\n    def execute(self):\n        from parts.helper import word\n        return word\n",
  waits: (word) =>
    `import os, pathlib, time\npathlib.Path(__file__).with_name("waits.txt").touch()\nwhile not os.path.exists(__file__ + ".gate"):\n    time.sleep(0.005)\nclass Plugin:\n    def execute(self):\n        return "${word}"\n`,
  broken: "class Plugin(:\n",
};

const DENO: Language = {
  kind: "deno",
  main: "plugin.ts",
  helper: "parts/helper.ts",
  says: (word) =>
    `export default { execute: () => "${word}", async *executeStream({ gate }: { gate: string }) {\n  yield "${word}";\n  for (;;) { try { await Deno.stat(gate); break; } catch { await new Promise((go) => setTimeout(go, 5)); } }\n  yield "${word} to the end";\n} };\n`,
  saysHelpers: 'import { word } from "./parts/helper.ts";\nexport default { execute: () => word };\n',
  knows: (word) => `export const word: string = "${word}";\n`,
  importsLate: 'export default { execute: async () => (await import("./parts/helper.ts")).word };\n',
  waits: (word) =>
    `const here = import.meta.dirname;\nDeno.writeTextFileSync(here + "/waits.txt", "");\nfor (;;) { try { await Deno.stat(here + "/plugin.ts.gate"); break; } catch { await new Promise((go) => setTimeout(go, 5)); } }\nexport default { execute: () => "${word}" };\n`,
  broken: "export default {{\n",
};

/** A plugin in a folder that is edited, and its manager. */
class Edited implements AsyncDisposable {
  readonly watch: ManagerWatch;
  readonly #folder: ManifestFolder;
  readonly logs: string[];

  private constructor(folder: ManifestFolder, watch: ManagerWatch, logs: string[]) {
    this.#folder = folder;
    this.watch = watch;
    this.logs = logs;
  }

  static async create({ kind }: Language, files: Record<string, string>, options: ManagerOptions = {}): Promise<Edited> {
    const own = kind === "python"
      ? { python_path: testPython(), module: "plugin", class: "Plugin" }
      : { runtime: "deno", module: "./plugin.ts", permissions: { read: ["."], write: ["."] } };
    const folder = await ManifestFolder.create({ "plugin.json": { name: "edited", ...own }, ...files });
    const logs: string[] = [];
    const onLog: ManagerOptions["onLog"] = ({ stream, text }) => stream === "host" && logs.push(text);
    const watch = await ManagerWatch.create({ folders: [folder.path], watch: true, permissions: "requested", onLog, ...options });
    return new Edited(folder, watch, logs);
  }

  path(name: string): string {
    return join(this.#folder.path, name);
  }

  /** What the plugin says now. */
  async says(): Promise<unknown> {
    return await this.watch.manager.get("edited").execute();
  }

  /** Writes a file as it is. */
  async write(name: string, text: string): Promise<void> {
    await this.#folder.write(name, text);
  }

  /** Writes a file, and waits until the manager has told of something so many times. */
  async edit(
    name: string,
    text: string,
    [type, times]: readonly [type: ManagerEvent["type"], times: number] = ["reloaded", 1],
  ): Promise<void> {
    await this.write(name, text);
    await this.watch.told(type, times);
  }

  count(type: ManagerEvent["type"]): number {
    return this.watch.events.filter((event) => event.type === type).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watch[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}

for (const language of [PYTHON, DENO]) {
  const { kind, main, helper } = language;
  const test = (name: string, fn: () => Promise<void>) => Deno.test(`${kind}: ${name}`, fn);

  test("an edited plugin is loaded anew, and a call that runs ends where it began", async () => {
    await using plugin = await Edited.create(language, { [main]: language.says("old") });
    const gate = plugin.path("gate");
    const stream = plugin.watch.manager.get("edited").executeStream({ gate });
    assertEquals((await stream.next()).value, "old");
    await plugin.edit(main, language.says("new"));
    assertEquals(await plugin.says(), "new");
    await Deno.writeTextFile(gate, "");
    assertEquals([(await stream.next()).value, (await stream.next()).done], ["old to the end", true]);
    const edited = plugin.watch.events.find(({ type }) => type === "edited");
    assertEquals(edited?.type === "edited" && edited.files, [plugin.path(main)]);
    assertStringIncludes(plugin.logs[0]!, `"${plugin.path(main)}" has changed`);
  });

  test("no call is lost while it is edited again and again", async () => {
    await using plugin = await Edited.create(language, { [main]: language.says("0") });
    const said = new Set([await plugin.says()]);
    let isEdited = true;
    const caller = (async () => {
      while (isEdited) said.add(await plugin.says());
    })();
    for (let times = 1; times <= 3; times++) await plugin.edit(main, language.says(String(times)), ["reloaded", times]);
    isEdited = false;
    await caller;
    assertEquals([...said].slice(0, 1), ["0"]);
    assertEquals(await plugin.says(), "3");
  });

  test("what it imports below its folder counts as its code, also what it imports only in a call", async () => {
    await using plugin = await Edited.create(language, { [main]: language.saysHelpers, [helper]: language.knows("old") });
    assertEquals(await plugin.says(), "old");
    await plugin.edit(helper, language.knows("new"));
    assertEquals(await plugin.says(), "new");
    await plugin.edit(main, language.importsLate, ["reloaded", 2]);
    assertEquals(await plugin.says(), "new");
    await plugin.edit(helper, language.knows("newest"), ["reloaded", 3]);
    assertEquals(await plugin.says(), "newest");
  });

  test("an error in what was edited keeps the old workers and says so, until it is mended, be it in a file that they do not know", async () => {
    await using plugin = await Edited.create(language, { [main]: language.says("old") });
    assertEquals(await plugin.says(), "old");
    await plugin.edit(main, language.broken, ["kept", 1]);
    assertEquals([await plugin.says(), plugin.watch.manager.info("edited").state.kind], ["old", "running"]);
    assertStringIncludes(plugin.logs.join("\n"), "the workers from before go on");
    assertStringIncludes(plugin.logs.join("\n"), "SyntaxError");
    await plugin.write(helper, language.broken);
    await plugin.edit(main, language.saysHelpers, ["kept", 2]);
    assertEquals(await plugin.says(), "old");
    await plugin.edit(helper, language.knows("mended"));
    assertEquals(await plugin.says(), "mended");
  });

  test("code that is removed keeps the old workers, also in the moment in which they are ready, until it comes again", async () => {
    await using plugin = await Edited.create(language, { [main]: language.says("old") });
    assertEquals(await plugin.says(), "old");
    await Deno.remove(plugin.path(main));
    assertEquals(await plugin.says(), "old");
    await plugin.edit(main, language.says("new"));
    assertEquals(await plugin.says(), "new");
    await Deno.remove(plugin.path(main));
    await plugin.watch.told("kept", plugin.count("kept") + 1);
    assertEquals(await plugin.says(), "new");
  });

  test("one more edit of the same length in the same second is not taken for the one before", async () => {
    await using plugin = await Edited.create(language, { [main]: language.says("0") });
    assertEquals(await plugin.says(), "0");
    await plugin.edit(main, language.says("a"));
    const second = new Date(1_000 * Math.floor(Date.now() / 1_000));
    for (const [at, word] of ["b", "c", "d"].entries()) {
      await plugin.write("next", language.says(word));
      await Deno.utime(plugin.path("next"), second, second);
      await Deno.rename(plugin.path("next"), plugin.path(main));
      await plugin.watch.told("reloaded", at + 2);
      assertEquals(await plugin.says(), word);
    }
  });

  test("a file that is edited while the plugin is loaded is loaded once more", async () => {
    await using plugin = await Edited.create(language, { [main]: language.waits("old") });
    const { promise: waits, resolve } = Promise.withResolvers<void>();
    using watcher = Deno.watchFs(plugin.path("."), { recursive: false });
    void (async () => {
      for await (const { paths } of watcher) if (paths.some((path) => path.endsWith("waits.txt"))) return resolve();
    })();
    const said = plugin.says();
    await within(waits, "the plugin's loading");
    await plugin.write(main, language.says("new"));
    await plugin.write(`${main}.gate`, "");
    assertEquals(await said, "old");
    await plugin.watch.told("reloaded");
    assertEquals(await plugin.says(), "new");
  });

  test("a file that is saved in pieces is waited for", async () => {
    await using plugin = await Edited.create(language, { [main]: language.says("old") });
    assertEquals(await plugin.says(), "old");
    const text = language.says("new");
    using file = await Deno.open(plugin.path(main), { write: true, truncate: true });
    for (let at = 0; at < text.length; at += 8) {
      await file.write(new TextEncoder().encode(text.slice(at, at + 8)));
      await file.sync();
    }
    await plugin.watch.told("reloaded");
    assertEquals([await plugin.says(), plugin.count("kept"), plugin.count("reloaded")], ["new", 0, 1]);
  });

  test("what is no code of it starts nothing, nor does an edit of a plugin without workers", async () => {
    await using plugin = await Edited.create(language, { [main]: language.says("old"), "data.txt": "" });
    await plugin.write(main, language.says("older"));
    assertEquals(plugin.count("starting"), 0);
    assertEquals(await plugin.says(), "older");
    for (const name of ["data.txt", "other.json", `.${main}.swp`, `${main}~`]) await plugin.write(name, "x");
    await plugin.edit(main, language.says("new"));
    assertEquals([await plugin.says(), plugin.count("edited")], ["new", 1]);
    await plugin.watch.manager.unload("edited");
    await plugin.write(main, language.says("newest"));
    const { state } = plugin.watch.manager.info("edited");
    assertEquals([state.kind, await plugin.says()], ["registered", "newest"]);
  });

  test("where manifests alone are watched, an edit waits for reload()", async () => {
    await using plugin = await Edited.create(language, { [main]: language.says("old") }, { watch: "manifests" });
    assertEquals(await plugin.says(), "old");
    await plugin.write(main, language.says("newer"));
    // A manifest that comes later is seen, and the edit before it was not.
    await plugin.edit("other.json", JSON.stringify({ name: "other", module: "plugin", class: "Plugin" }), ["found", 1]);
    assertEquals([await plugin.says(), plugin.count("edited")], ["old", 0]);
    await plugin.watch.manager.reload("edited");
    assertEquals(await plugin.says(), "newer");
  });
}

Deno.test("python: a plugin that makes and removes folders in its own all the time is reloaded all the same", async () => {
  const busy = (word: string) =>
    `import os, threading, time\ndef churn():\n    n = 0\n    while True:\n        n += 1\n        folder = f"{os.path.dirname(__file__)}/t{n % 7}"\n        try:\n            os.mkdir(folder)\n            time.sleep(0.001)\n            os.rmdir(folder)\n        except OSError:\n            pass\nthreading.Thread(target=churn, daemon=True).start()\nclass Plugin:\n    def execute(self):\n        return "${word}"\n`;
  await using plugin = await Edited.create(PYTHON, { "plugin.py": busy("old") });
  assertEquals(await plugin.says(), "old");
  await plugin.edit("plugin.py", busy("new"));
  assertEquals(await plugin.says(), "new");
});

Deno.test({
  name: "python: folders beside the code and above it that the host may not list do not keep it from being watched",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const manifest = { name: "edited", python_path: testPython(), module: "plugin", class: "Plugin" };
    await using folder = await ManifestFolder.create({
      "above/own/plugin.json": manifest,
      "above/own/plugin.py": PYTHON.says("old"),
      "above/own/closed/helper.py": "",
    });
    const own = join(folder.path, "above/own");
    await Deno.chmod(join(own, "closed"), 0);
    await Deno.chmod(join(folder.path, "above"), 0o311);
    const { stdout, stderr } = await runHostAsAnybody("watches_edit", [own, "plugin.py", PYTHON.says("new")]);
    for (const path of ["above", "above/own/closed"]) await Deno.chmod(join(folder.path, path), 0o755);
    assertEquals([stdout, stderr], ["old\nreloaded new", ""]);
  },
});

Deno.test("python: an installed package is no code of the plugin, though its environment lies in the plugin's folder", async () => {
  const site = ".venv/lib/site-packages";
  await using plugin = await Edited.create(PYTHON, {
    "plugin.py": `import sys\nsys.path.append(__file__.replace("plugin.py", "${site}"))\nfrom installed import word\n${PYTHON.saysHelpers}`,
    "parts/helper.py": PYTHON.knows("old"),
    [`${site}/installed.py`]: PYTHON.knows("installed"),
  });
  assertEquals(await plugin.says(), "old");
  await plugin.write(`${site}/installed.py`, PYTHON.knows("other"));
  await plugin.edit("parts/helper.py", PYTHON.knows("new"));
  const [first] = plugin.watch.events.filter(({ type }) => type === "edited");
  assert(first?.type === "edited");
  assertEquals(first.files, [plugin.path("parts/helper.py")]);
});
