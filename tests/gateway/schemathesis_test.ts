import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { createGateway } from "@remote-plugin/proxy/gateway";
import { within } from "../support/guard.ts";
import { ManagerWatch, pythonManifest } from "../support/managed_plugins.ts";

/** A Python that has `schemathesis`; empty where it cannot be had, which tools/test.ts tells aloud. */
const PYTHON = Deno.env.get("REMOTE_PLUGIN_TEST_PACKAGED_PYTHON") ?? "";

const TOKEN = "see-to-it";

/** What takes no JSON. The fields of a form are texts, and have no wrong types. */
const FILES_ALONE = "/listens/execute";

/** What a plugin takes beyond its type hints is the plugin's own affair, unless the gateway holds its callers to them. */
const LENIENT = ["--exclude-checks", "negative_data_rejection"];

for (const checkArguments of [false, true]) {
  const name = `a gateway${
    checkArguments ? " that checks arguments" : ""
  } is what it says of itself: schemathesis finds no request that it answers otherwise`;
  Deno.test({ name, ignore: PYTHON === "", fn: () => run(checkArguments) });
}

async function run(checkArguments: boolean): Promise<void> {
  const manifests = await Promise.all(["counts", "listens"].map((fixture) => pythonManifest(fixture, { python_path: PYTHON })));
  await using watch = await ManagerWatch.create({ manifests });
  const gateway = createGateway(watch.manager, { token: "let-me-in", operatorToken: TOKEN, checkArguments });
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, gateway);
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const cwd = await Deno.makeTempDir();
  const program = new Deno.Command(PYTHON, {
    args: [
      ...[
        "-m",
        "schemathesis.cli",
        "run",
        `http://127.0.0.1:${server.addr.port}/openapi.json`,
        "--header",
        `Authorization: Bearer ${TOKEN}`,
        ...["--checks", "all"],
        ...checkArguments ? [] : LENIENT,
      ],
      // A plugin that was disabled refuses what is tried next.
      ...["--exclude-path-regex", `/(load|unload|reload|enable|disable)$${checkArguments ? `|${FILES_ALONE}` : ""}`],
      ...["--max-examples", "10", "--seed", `${seed}`, "--request-timeout", "10", "--no-color"],
    ],
    env: {
      ...checkArguments ? { SCHEMATHESIS_JSON_ALONE: "1" } : {},
      SCHEMATHESIS_HOOKS: fromFileUrl(new URL("../support/schemathesis_hooks.py", import.meta.url)),
    },
    cwd, // It writes what it has found into the folder in which it runs.
  });
  const { code, stdout, stderr } = await within(program.output(), "the end of schemathesis", 180_000);
  await Deno.remove(cwd, { recursive: true });
  const said = new TextDecoder().decode(stdout);
  assertEquals(code, 0, `${said}\n${new TextDecoder().decode(stderr)}`);
  // A run that has tried nothing has found nothing.
  const [, tested = "0"] = /Tested: (\d+)/.exec(said) ?? [];
  assertEquals(Number(tested) >= (checkArguments ? 25 : 30), true, said);
}
