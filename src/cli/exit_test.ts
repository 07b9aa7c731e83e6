import { assertEquals } from "@std/assert";
import {
  CallError,
  CallTimeoutError,
  ManifestError,
  PermissionDeniedError,
  PluginError,
  RemoteError,
  WorkerExitError,
  WorkerStartError,
} from "../errors.ts";
import { EXIT, EXIT_HELP, exitCode, Interruption, UsageError } from "./exit.ts";

Deno.test("every exit code is in --help and in the documentation, and no other", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/command_line.md", import.meta.url));
  const codes = Object.values(EXIT).sort((a, b) => a - b).map(String);
  assertEquals([...EXIT_HELP.matchAll(/^ {2}(\d+) /gm)].map(([, code]) => code), codes);
  assertEquals([...page.matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => code), codes);
});

Deno.test("each kind of error has its exit code", () => {
  const plugin = "p";
  const remote = { plugin, remoteType: "ValueError", remoteMessage: "", traceback: "" };
  const cases: [unknown, number][] = [
    [new Interruption("Ctrl-C"), EXIT.interrupted],
    [new UsageError("no such option"), EXIT.usage],
    [new PluginError("unknown_plugin", "", { plugin }), EXIT.usage],
    [new CallError("invalid_arguments", "", { plugin }), EXIT.usage],
    [new ManifestError("", { plugin }), EXIT.startFailed],
    [new PermissionDeniedError("", { plugin, missing: [], flags: [] }), EXIT.startFailed],
    [new WorkerStartError("", { plugin, phase: "load" }), EXIT.startFailed],
    [new RemoteError("", remote), EXIT.callFailed],
    [new CallTimeoutError("", { plugin, timeoutMs: 1 }), EXIT.callFailed],
    [new WorkerExitError("", { plugin }), EXIT.callFailed],
    [new TypeError("something else"), EXIT.callFailed],
  ];
  for (const [error, code] of cases) assertEquals(exitCode(error), code, String(error));
});
