/**
 * The files of a new plugin.
 *
 * @module
 */

import { PLUGIN_FILE } from "../manifest/names.ts";
import { PACKAGE_VERSION } from "../protocol/version.ts";

/** What a plugin runs in. */
export interface TemplateRuntime {
  readonly runtime: "python" | "deno";
  /** The interpreter of a Python plugin that needs no packages. */
  readonly python: string;
  /** The packages of a Python plugin, from which its environment is made. */
  readonly packages: readonly string[];
  /** The import map of the checkout that this program runs from; `undefined` when it does not. */
  readonly importMap: string | undefined;
}

/** What the test of a plugin may do, as flags of `deno test`. */
const TEST_FLAGS = "--allow-read --allow-write=/tmp --allow-net --allow-run --allow-env";

/** What runs the test of a plugin, but for where that is. */
export function testCommand({ importMap }: Pick<TemplateRuntime, "importMap">): string {
  return `deno test ${importMap === undefined ? "" : `--no-config --import-map=${importMap} `}${TEST_FLAGS}`;
}

/** The files by name. */
export function templateFiles(name: string, template: TemplateRuntime): Record<string, string> {
  const own = template.runtime === "python" ? pythonFiles(name, template) : denoFiles(name);
  return { ...own, "plugin_test.ts": test(name, template) };
}

function pythonFiles(name: string, { python: interpreter, packages }: TemplateRuntime): Record<string, string> {
  const place = packages.length > 0 ? { environment: `./${name}.py` } : { python_path: interpreter };
  const manifest = { name, version: "0.1.0", ...place, module: name, class: className(name) };
  return { [PLUGIN_FILE]: json(manifest), [`${name}.py`]: scriptMetadata(packages) + python(name), [`test_${name}.py`]: pythonTest(name) };
}

function denoFiles(name: string): Record<string, string> {
  return { [PLUGIN_FILE]: json({ name, version: "0.1.0", runtime: "deno", module: `./${name}.ts` }), [`${name}.ts`]: typescript(name) };
}

function className(name: string): string {
  return name.split("_").map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join("");
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** What the plugin's environment is made from. */
function scriptMetadata(packages: readonly string[]): string {
  if (packages.length === 0) return "";
  return `# /// script
# requires-python = ">=3.8"
# dependencies = [${packages.map((name) => JSON.stringify(name)).join(", ")}]
# ///
`;
}

function python(name: string): string {
  return `"""What the plugin "${name}" does, in one sentence."""

from typing import Iterator


class ${className(name)}:
    def __init__(self):
        self.mark = "!"

    def get_config_schema(self):
        return {
            "type": "object",
            "properties": {"mark": {"type": "string", "description": "What every answer ends with"}},
            "additionalProperties": False,
        }

    def get_current_config(self):
        return {"mark": self.mark}

    def initialize(self, config):
        self.mark = config.get("mark", "!")

    def execute(self, text: str) -> str:
        """Says a text louder."""
        return text.upper() + self.mark

    def execute_stream(self, text: str) -> Iterator[str]:
        """Says the words of a text louder, one by one."""
        words = text.split()
        for number, word in enumerate(words, start=1):
            self.check_cancel()
            self.report_progress(number / len(words), word)
            yield self.execute(word)
`;
}

function pythonTest(name: string): string {
  const own = className(name);
  return `"""Tests the class by itself, without a worker: python3 -m unittest, or pytest."""

import unittest

from ${name} import ${own}


class ${own}Test(unittest.TestCase):
    def test_says_a_text_louder(self):
        plugin = ${own}()
        plugin.initialize({"mark": "?"})
        self.assertEqual(plugin.execute("hello"), "HELLO?")


if __name__ == "__main__":
    unittest.main()
`;
}

function typescript(name: string): string {
  return `/** What the plugin "${name}" does, in one sentence. */
export default class ${className(name)} {
  readonly argumentsSchema = { type: "object", properties: { text: { type: "string" } }, required: ["text"] };
  readonly resultSchema = { type: "string" };
  readonly chunkSchema = { type: "string" };
  #mark = "!";

  getConfigSchema() {
    return {
      type: "object",
      properties: { mark: { type: "string", description: "What every answer ends with" } },
      additionalProperties: false,
    };
  }

  getCurrentConfig() {
    return { mark: this.#mark };
  }

  initialize({ mark = "!" }: { mark?: string }) {
    this.#mark = mark;
  }

  /** Says a text louder. */
  execute({ text }: { text: string }): string {
    return text.toUpperCase() + this.#mark;
  }

  /** Says the words of a text louder, one by one. */
  *executeStream({ text }: { text: string }): Generator<string> {
    for (const word of text.split(" ")) yield this.execute({ text: word });
  }
}
`;
}

function test(name: string, runtime: TemplateRuntime): string {
  const source = runtime.importMap === undefined ? `jsr:@remote-plugin/proxy@^${PACKAGE_VERSION}` : "@remote-plugin/proxy";
  return `// ${testCommand(runtime)}
import { RemotePluginProxy } from "${source}";

Deno.test("${name} says a text louder", async () => {
  await using plugin = await RemotePluginProxy.start(new URL("./${PLUGIN_FILE}", import.meta.url));
  await plugin.initialize({ mark: "?" });
  const answer = await plugin.execute({ text: "hello" });
  if (answer !== "HELLO?") throw new Error(\`It said "\${answer}"\`);
});
`;
}
