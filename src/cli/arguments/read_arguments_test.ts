import { assertEquals, assertThrows } from "@std/assert";
import type { MethodSignature } from "../../protocol/messages.ts";
import { demandArguments, readArguments, readPairs } from "./read_arguments.ts";
import { UsageError } from "../exit.ts";

const TEXT = { type: "string" };
const SIGNATURE: MethodSignature = {
  arguments: {
    type: "object",
    properties: {
      title: { ...TEXT, description: "What it is called.\nAt length." },
      beams: { anyOf: [{ type: "integer" }, { type: "null" }] },
      share: { type: "number" },
      loud: { type: "boolean" },
      tags: { type: "array", items: TEXT },
      model: { enum: ["small", "large", 3] },
      box: { $ref: "#/$defs/Box" },
      anything: {},
      no_cache: { type: "boolean" },
      länge: { type: "number" },
    },
    required: ["title", "beams"],
    additionalProperties: false,
    $defs: { Box: { type: "object", properties: { width: { type: "integer" } } } },
  },
};

function read(...words: string[]): Record<string, unknown> {
  return readArguments(words, SIGNATURE).kwargs;
}

Deno.test("words become what the plugin says that it takes", () => {
  assertEquals(read("--title", "5", "--beams", "5", "--share=0.5"), { title: "5", beams: 5, share: 0.5 });
  assertEquals(read("--beams", "null", "--model", "3"), { beams: null, model: 3 });
  assertEquals(read("--länge", "2.5"), { länge: 2.5 });
  assertEquals(read("--tags", "a"), { tags: ["a"] });
  assertEquals(read("--tags", "1", "--tags", "2"), { tags: ["1", "2"] });
  assertEquals(read("--tags", '["a", "b"]'), { tags: ["a", "b"] });
  assertEquals(read("--box", '{"width": 3}', "--anything", "7"), { box: { width: 3 }, anything: 7 });
});

Deno.test("a switch needs no value, and leaves the word after it alone", () => {
  assertEquals(readArguments(["--loud", "word"], SIGNATURE), { args: ["word"], kwargs: { loud: true } });
  assertEquals(read("--loud", "false"), { loud: false });
  assertEquals(read("--no-loud"), { loud: false });
  assertEquals(read("--no-cache"), { no_cache: true });
});

Deno.test("words that stand alone have the types of the first arguments", () => {
  assertEquals(readArguments(["5", "5"], SIGNATURE).args, ["5", 5]);
  const positional = { type: "array", prefixItems: [TEXT], items: { type: "integer" } };
  assertEquals(readArguments(["5", "5", "6"], { positional }).args, ["5", 5, 6]);
});

Deno.test("what the plugin does not take is said before anything is called", () => {
  const cases: [string[], string][] = [
    [["--beams", "many"], '--beams must be a whole number or null, not "many"'],
    [["--share", "x"], '--share must be a number, not "x"'],
    [["--model", "huge"], '--model must be "small" or "large" or 3, not "huge"'],
    [["--title"], "--title needs a value: a string"],
    [["--title", "a", "--title", "b"], "--title is given 2 times, and is no list"],
    [["--titel", "a"], "There is no argument --titel. The nearest name is --title"],
    [["--frob", "a"], "There is no argument --frob. Known are --"],
    [["--box", "3"], '--box must be an object, not "3"'],
    [["a", "many"], 'Argument 2 must be a whole number or null, not "many"'],
    [["--"], '"--" is no argument. Write --name value'],
  ];
  for (const [words, message] of cases) assertThrows(() => readArguments(words, SIGNATURE), UsageError, message);
});

Deno.test("an integer of which JavaScript has no number is refused, and sent as text in quotes", () => {
  for (const words of [["--id", "9007199254740993"], ["--id", "[1, 9007199254740993]"], ["9007199254740993"]]) {
    assertThrows(() => readArguments(words), UsageError, "9007199254740993");
  }
  assertEquals(readArguments(["--id", '"9007199254740993"', "--n", "9007199254740992"]).kwargs, { id: "9007199254740993", n: 2 ** 53 });
});

Deno.test("what is missing is named, and what stands alone counts", () => {
  const demand = (...words: string[]) => demandArguments(readArguments(words, SIGNATURE), SIGNATURE);
  assertThrows(() => demand(), UsageError, "It needs --title (What it is called.), --beams");
  assertThrows(() => demand("a"), UsageError, "It needs --beams");
  demand("a", "5");
  demand("a", "--beams", "5");
});

Deno.test("of a plugin that tells nothing everything is taken", () => {
  const { args, kwargs } = readArguments(["7", "--beams", "5", "--title", "5 o'clock", "--flag", "--tag", "a", "--tag", "b"]);
  assertEquals([args, kwargs], [[7], { beams: 5, title: "5 o'clock", flag: true, tag: ["a", "b"] }]);
  demandArguments({ args: [], kwargs: {} });
});

Deno.test("settings have the types of the configuration's schema, and what does not fit is left to its check", () => {
  const schema = { type: "object", properties: { model: TEXT, beams: { type: "integer" } } };
  assertEquals(readPairs(["model=5", "beams=5", "more=5"], schema), { model: "5", beams: 5, more: 5 });
  assertEquals(readPairs(["beams=many", "x=a=b"], schema), { beams: "many", x: "a=b" });
  assertEquals(readPairs(["model=5"]), { model: 5 });
  assertThrows(() => readPairs(["model"]), UsageError, "Write name=value");
});

Deno.test("schemas whose references multiply, and names without end, hold nobody up", () => {
  const $defs = Object.fromEntries(
    Array.from(
      { length: 60 },
      (_, at) => [`d${at}`, { anyOf: [{ $ref: `#/$defs/d${at + 1}` }, { $ref: `#/$defs/d${at + 1}` }, { type: "null" }] }],
    ),
  );
  const properties = { a: { $ref: "#/$defs/d0" }, ["b".repeat(5_000_000)]: {} };
  const signature = {
    arguments: { type: "object", properties, additionalProperties: false, $defs: { ...$defs, d60: { type: "integer" } } },
  };
  assertEquals(readArguments(["--a", "5"], signature).kwargs, { a: 5 });
  assertThrows(() => readArguments(["--aa", "5"], signature), UsageError, "There is no argument --aa. The nearest name is --a");
});
