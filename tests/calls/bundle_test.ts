import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { requiredPermissions } from "@remote-plugin/proxy";
import { hostProgram } from "../support/run_host.ts";
import { BOTH, fixtureManifest } from "../support/fixture_proxy.ts";

const IMPORT_MAP = fromFileUrl(new URL("../../tools/npm_imports.json", import.meta.url));

async function run(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: [...args], stdin: "null" }).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  return new TextDecoder().decode(stdout);
}

for (const face of BOTH) {
  Deno.test(`${face.worker}: both proxies work in a program that deno bundle has made one file of, and no thread runs that program again`, async () => {
    const folder = await Deno.makeTempDir();
    const bundle = join(folder, "host.js");
    try {
      await run([
        "bundle",
        "--quiet",
        "--no-lock",
        `--import-map=${IMPORT_MAP}`,
        "--platform=deno",
        `--output=${bundle}`,
        hostProgram("bundled"),
      ]);
      const options = { scratchDir: folder };
      const manifest = await fixtureManifest({ ...face, transport: "tcp" }, "echo");
      const flags = (await requiredPermissions(manifest, options)).toFlags();
      const printed = await run([
        "run",
        "--no-prompt",
        "--quiet",
        "--no-config",
        ...flags,
        `--allow-read=${bundle}`,
        bundle,
        ...[manifest, options].map((arg) => JSON.stringify(arg)),
      ]);
      assertEquals(printed.trim().split("\n"), [
        "the program begins",
        'asynchronous {"args":[],"kwargs":{"n":1}}',
        'blocking {"args":[],"kwargs":{"n":2}}',
      ]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
