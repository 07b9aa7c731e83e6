import { assertEquals } from "@std/assert";
import { CallCancelledError, RemoteError, WorkerExitError, WorkerStartError } from "../../errors.ts";
import { errorBody } from "./told_errors.ts";

const HERE = { plugin: "p", output: "/home/someone/secret.py" };

Deno.test("what a worker has printed, and tracebacks, are told where they are asked for alone", () => {
  const exit = new WorkerExitError(`The worker of "p" ended. It printed last: ${HERE.output}`, { ...HERE, signal: "SIGKILL" });
  const start = new WorkerStartError(`Cannot start "p" in "${HERE.output}"`, { ...HERE, phase: "spawn" });
  const remote = new RemoteError('"execute" of "p" failed', {
    plugin: "p",
    remoteType: "ValueError",
    remoteMessage: "no such model",
    traceback: HERE.output,
  });
  for (const error of [exit, start, remote]) {
    assertEquals(JSON.stringify(errorBody(error, { withTraceback: false })).includes("secret"), false);
    assertEquals(JSON.stringify(errorBody(error, { withTraceback: true })).includes("secret"), true);
  }
  assertEquals(errorBody(exit, { withTraceback: false }).message, 'The worker of "p" ended with SIGKILL. An operator is told more');
  assertEquals(errorBody(remote, { withTraceback: false }).message, "no such model");
});

Deno.test("an error has the code of the wire that says what it was", () => {
  const codes = [
    new WorkerExitError("", HERE),
    new WorkerStartError("", { ...HERE, phase: "load" }),
    new CallCancelledError("", HERE),
    new Error(""),
  ];
  assertEquals(codes.map((error) => errorBody(error, { withTraceback: false }).code), [
    "plugin_exit",
    "load_error",
    "cancelled",
    "plugin_error",
  ]);
});
