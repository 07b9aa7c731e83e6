import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Outcome, User } from "../support/cli_user.ts";
import { testPython } from "../support/python.ts";

/** A plugin that answers as it is told here. */
const says = (answer: string, body = "") =>
  `class Plugin:\n    mark = "!"\n    def initialize(self, config):\n        self.mark = config["mark"]\n    def execute(self, text="", data=None):\n${body}        return ${answer}\n    def execute_stream(self, text):\n        yield from text.split()\n`;

const UPPER = 'text.upper() + self.mark + (open(data).read() if data else "")';

async function author(): Promise<User> {
  const manifest = { name: "shout", version: "1.0.0", python_path: testPython(), module: "plugin", class: "Plugin" };
  return await User.create({ "plugin.json": manifest, "plugin.py": says(UPPER), "data.txt": "from a file" });
}

const lines = ({ out }: Outcome): string[] => out.trimEnd().split("\n");

Deno.test("run --record adds calls to a recording, and test shows what the plugin answers otherwise", async () => {
  await using user = await author();
  const path = "recordings/first.json";
  const record = (...args: string[]) => user.run("run", "shout", "--record", path, ...args);
  assertEquals((await record("--text", "hello")).out, "HELLO!\n");
  assertEquals((await record("--stream", "--text", "one two")).out, "one\ntwo\n");
  assertEquals((await record("--text", "x", "--data", "data.txt")).out, "X!from a file\n");
  const same = await user.run("test", "shout");
  assertEquals([same.code, lines(same)], [0, [
    'ok      recordings/first.json: execute --text "hello"',
    'ok      recordings/first.json: executeStream --text "one two"',
    'ok      recordings/first.json: execute --text "x" --data "data.txt"',
    "3 calls as recorded",
  ]]);

  await user.folder.write("plugin.py", says('text.upper() + "?"'));
  const differing = await user.run("test", "shout", path);
  assertEquals([differing.code, lines(differing).at(-1)], [5, "2 of 3 calls differ from what was recorded"]);
  assertStringIncludes(
    differing.out,
    'differs recordings/first.json: execute --text "hello"\n          $: "HELLO!" was recorded, and "HELLO?" came\n',
  );
  const json = await user.run("test", "shout", "--json");
  const [first] = lines(json).map((line) => JSON.parse(line));
  assertEquals([first.member, first.differences], ["execute", [{ place: "$", recorded: '"HELLO!"', came: '"HELLO?"' }]]);

  await user.folder.write("plugin.py", says("text", '        raise ValueError("no " + text)\n'));
  assertStringIncludes((await user.run("test", "shout")).out, 'end: the result "HELLO!" was recorded, and the error');
  const updated = await user.run("test", "shout", "--update");
  assertEquals([updated.code, lines(updated).at(-1)], [0, "2 of 3 calls differ from what was recorded, and are recorded anew"]);
  assertEquals([(await user.run("test", "shout")).code], [0]);
});

Deno.test("numbers may differ by a share, files are compared by their bytes, and a call that hangs is given up", async () => {
  await using user = await author();
  await user.folder.write("plugin.py", says('{"n": 0.1 + 0.2, "b": b"abc"}'));
  assertEquals((await user.run("run", "shout", "--record", "talk.json", "--text", "a", "--save", "out")).code, 0);
  await user.folder.write("plugin.py", says('{"n": 0.3, "b": b"abd"}'));
  const exact = await user.run("test", "shout", "talk.json");
  assertStringIncludes(exact.out, "$.n: 0.30000000000000004 was recorded, and 0.3 came");
  assertStringIncludes(exact.out, "$.b (sha256): ");
  assertEquals(lines(exact).at(-1), "1 of 1 call differs from what was recorded");
  const near = await user.run("test", "shout", "talk.json", "--tolerance", "1e-9");
  assertEquals([near.code, near.out.includes("$.n"), near.out.includes("$.b")], [5, false, true]);
  await user.folder.write("plugin.py", says("1", "        import time\n        time.sleep(600)\n"));
  assertStringIncludes((await user.run("test", "shout", "talk.json", "--timeout", "0.2")).out, "and no end in time came");
});

Deno.test("a kept configuration is a part of the recording, and none that is kept later matters", async () => {
  await using user = await author();
  await user.run("config", "shout", "mark=?");
  assertEquals((await user.run("run", "shout", "--record", "talk.json", "--text", "a")).out, "A?\n");
  await user.run("config", "shout", "mark=#");
  const outcome = await user.run("test", "shout", "talk.json");
  assertEquals([outcome.code, lines(outcome)[0]], [0, 'ok      talk.json: initialize --mark "?"']);
});

Deno.test("recordings of other plugins in the same folder are passed over, and what is missing is told by where it is looked for", async () => {
  await using user = await author();
  await user.folder.write("tools/greet.py", "def greet(name):\n    return name\n");
  const missing = await user.run("test", "./tools/greet.py");
  assertStringIncludes(missing.err, "Make one: remote-plugin run ./tools/greet.py --record tools/recordings/first.json");
  await user.folder.write("tools/say.py", "def say(text):\n    return text\n");
  assertEquals((await user.run("run", "./tools/greet.py", "--record", "tools/recordings/first.json", "--name", "Ada")).out, "Ada\n");
  assertEquals((await user.run("run", "./tools/say.py", "--record", "tools/recordings/say.json", "--text", "ho")).out, "ho\n");
  for (const script of ["greet", "say"]) assertEquals(lines(await user.run("test", `./tools/${script}.py`)).at(-1), "1 call as recorded");
});

Deno.test("test says what is wrong with its command line, by the exit code 2", async () => {
  await using user = await author();
  await user.folder.write("other.json.txt", JSON.stringify({ recording: 1, plugin: { name: "other", version: "1" }, calls: [] }));
  await user.folder.write("next.txt", JSON.stringify({ recording: 2 }));
  const cleans = { member: "cleanup", arguments: { args: [], kwargs: {} }, frames: [{ at_ms: 0, result: null }] };
  const plugin = { name: "shout", version: "1.0.0" };
  await user.folder.write("cleans.txt", JSON.stringify({ recording: 1, plugin, calls: [cleans] }));
  for (
    const [args, what] of [
      [["shout"], 'There is no recording of "shout". Make one: remote-plugin run shout --record recordings/first.json'],
      [["shout", "nothing.json"], 'Cannot use the recording "nothing.json": it cannot be read'],
      [["shout", "next.txt"], "it is of version 2 of the format"],
      [["shout", "cleans.txt"], '"$.calls[0].member" is "cleanup", wanted is ("execute" | '],
      [["shout", "other.json.txt"], 'is a recording of "other", not of "shout"'],
      [["shout", "--tolerance", "2"], "--tolerance is a share from 0 to below 1"],
      [["shout", "--timeout", "no"], "--timeout must be a number of seconds"],
      [["shuot"], 'There is no plugin "shuot"'],
    ] as const
  ) {
    const { code, err } = await user.run("test", ...args);
    assertEquals(code, 2, err);
    assertStringIncludes(err, what);
  }
});
