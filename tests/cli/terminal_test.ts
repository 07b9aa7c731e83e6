import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { within } from "../support/guard.ts";
import { type Outcome, User } from "../support/cli_user.ts";
import { testPython } from "../support/python.ts";

/** Writes to the clipboard, clears the screen, goes back to the line's begin, blinks, sets the window's title by the second set of control characters, turns the text around. */
const STEERING = "\x1b]52;c;eA==\x07\x1b[2J\r\x1b[5m\x9d0;owned\x9c\x7f\u202e";
const SHOWN = String.raw`\x1b]52;c;eA==\x07\x1b[2J\r\x1b[5m\x9d0;owned\x9c\x7f\u202e`;
const SHOWN_AS_JSON = String.raw`\u001b]52;c;eA==\u0007\u001b[2J\r\u001b[5m\u009d0;owned\u009c\u007f\u202e`;

const PLUGIN = `
import logging
import sys

STEERING = ${JSON.stringify(STEERING)}


class Plugin:
    """What %s it does."""

    def get_config_schema(self):
        return {"type": "object", "properties": {STEERING: {"type": "string", "description": STEERING}}}

    def get_current_config(self):
        return {STEERING: STEERING}

    def initialize(self, config):
        pass

    def execute(self, what: str = "text"):
        if what == "raise":
            raise ValueError(STEERING)
        if what == "print":
            print("printed " + STEERING)
            logging.warning("logged " + STEERING)
        if what == "report":
            self.report_progress(0.5, "half" + STEERING)
        return {"keys": {STEERING: STEERING}} if what == "object" else "result " + STEERING

    execute.__doc__ = STEERING
`;

/** A user with a plugin that steers, by each of the ways that it has to a terminal. */
async function hostileUser(): Promise<User> {
  const user = await User.create({
    "m.json": { name: `steers${STEERING}`, python_path: testPython(), module: "steers", class: "Plugin", [`key${STEERING}`]: 1 },
    "bad.json": { name: `bad${STEERING}`, module: 5 },
  });
  await Deno.writeTextFile(join(user.folder.path, "steers.py"), PLUGIN);
  return user;
}

async function inTerminal(user: User, ...args: string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await within(user.start(args, { inTerminal: true }).output(), "the end in a terminal");
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** What is left of an output when the program's own colours, and the steps back to a line's begin of its own progress, are taken away. */
function strange(output: string): string[] {
  // deno-lint-ignore no-control-regex
  return output.replaceAll(/\x1b\[(1|22|31|32|33|39)m|\r/g, "").match(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g) ?? [];
}

/** The commands, and the forms in which what they are given is seen. */
const COMMANDS: Readonly<Record<string, { readonly args: readonly string[]; readonly seen: readonly string[] }>> = {
  "a list of plugins": { args: ["list"], seen: [`steers${SHOWN}`, SHOWN] },
  "the names of plugins": { args: ["list", "--names"], seen: [`steers${SHOWN}`] },
  "JSON": { args: ["list", "--json"], seen: [`steers${SHOWN_AS_JSON}`] },
  "a text as the result": { args: ["run", "m.json"], seen: [`result ${SHOWN}`] },
  "an object as the result": { args: ["run", "m.json", "--what", "object"], seen: [SHOWN_AS_JSON] },
  "a chunk": { args: ["run", "m.json", "--stream"], seen: [`result ${SHOWN}`] },
  "an error": { args: ["run", "m.json", "--what", "raise"], seen: [`ValueError: ${SHOWN}`] },
  "progress": { args: ["run", "m.json", "--what", "report"], seen: ["50 % half\\x1b]52"] },
  "what it prints": { args: ["run", "m.json", "--what", "print", "--logs"], seen: [`printed ${SHOWN}`, `logged ${SHOWN}`] },
  "what it has printed": { args: ["logs", `steers${STEERING}`], seen: [`printed ${SHOWN}`, `logged ${SHOWN}`] },
  "the same as JSON": { args: ["logs", `steers${STEERING}`, "--json"], seen: [`printed ${SHOWN_AS_JSON}`] },
  "what inspect tells": { args: ["inspect", "m.json"], seen: [`steers${SHOWN}`] },
  "what a plugin takes": { args: ["run", "m.json", "--help"], seen: [String.raw`\x1b]52;c;eA==\x07\x1b[2J`] },
  "a configuration": { args: ["config", "m.json", `${STEERING}=x${STEERING}`], seen: [`x${SHOWN_AS_JSON}`] },
  "what doctor finds": { args: ["doctor"], seen: [`steers${SHOWN}: start:`, `bad${SHOWN}`] },
  "a client": { args: ["gen", "m.json"], seen: ["\\x1b"] },
  "an unknown command": { args: [`do${STEERING}`], seen: [`do${SHOWN}`] },
  "an unknown option": { args: ["list", `--${STEERING}`], seen: [`--${SHOWN}`] },
  "an unknown plugin": { args: ["inspect", `x${STEERING}`], seen: [`x${SHOWN}`] },
};

Deno.test("nothing that a plugin or a manifest says steers a terminal, and all of it is seen", async (t) => {
  await using user = await hostileUser();
  for (const [what, { args, seen }] of Object.entries(COMMANDS)) {
    await t.step(what, async () => {
      const { out } = await inTerminal(user, ...args);
      assertEquals(strange(out), [], out);
      for (const text of seen) assertStringIncludes(out, text);
    });
  }
});

Deno.test("a pipe gets what a plugin gives as it is", async () => {
  await using user = await hostileUser();
  assertEquals((await user.run("run", "m.json")).out, `result ${STEERING}\n`);
  assertEquals((await user.run("list", "--names")).out, `steers${STEERING}\n`);
  assertStringIncludes((await user.run("run", "m.json", "--what", "raise")).err, STEERING);
  const { err } = await user.run("run", "m.json", "--what", "print", "--logs");
  // The worker's lines end at a line feed, and Python makes one of a carriage return that stands alone.
  assertStringIncludes(err, `printed ${STEERING.split("\r")[0]}`);
});

Deno.test("the name of a plugin is no command when bash completes it", async () => {
  await using user = await User.create();
  const { out } = await user.run("completions", "bash");
  const [touched, written] = [join(user.folder.path, "touched"), join(user.folder.path, "names")];
  await Deno.writeTextFile(written, `naps\n$(touch ${touched})\nna'; touch ${touched}; '\n`);
  const script = `${out}
remote-plugin() { cat '${written}'; }
COMP_WORDS=(remote-plugin run "$1"); COMP_CWORD=2; _remote_plugin
printf '%s\\n' "\${COMPREPLY[@]}"
for word in "\${COMPREPLY[@]}"; do eval "printf '%s\\n' $word"; done`;
  await user.folder.write("try.sh", script);
  const complete = async (start: string) => {
    const { stdout } = await new Deno.Command("bash", { args: [join(user.folder.path, "try.sh"), start] }).output();
    return new TextDecoder().decode(stdout).split("\n");
  };
  const [first, quoted, ...plain] = await complete("na");
  assertEquals([first, plain], ["naps", ["naps", `na'; touch ${touched}; '`, ""]]);
  assertMatch(quoted!, /^na\\'/);
  assert((await complete("")).includes(`$(touch ${touched})`));
  assertEquals([...Deno.readDirSync(user.folder.path)].some(({ name }) => name === "touched"), false);
});
