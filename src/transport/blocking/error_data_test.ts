import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import {
  CallCancelledError,
  CallError,
  CallTimeoutError,
  ManifestError,
  PermissionDeniedError,
  PluginError,
  PluginStateError,
  ProtocolError,
  RemoteError,
  WorkerExitError,
  WorkerStartError,
} from "../../errors.ts";
import { BrokenReplyError, MalformedReplyError, RefusedError } from "../errors.ts";
import { errorFromData, errorToData } from "./error_data.ts";

const plugin = "p";
const cause = new RefusedError(413, "too long");
const remote = { remoteType: "ValueError", remoteMessage: "no", traceback: "Traceback…", category: "fatal", retriable: true };
const exit = { exitCode: null, signal: "SIGKILL", output: "bye" };
const ERRORS = [
  new PluginError("invalid_state", "base", { plugin }),
  new ManifestError("manifest", { plugin, source: "/m.json", place: "$.class" }),
  new PermissionDeniedError("denied", { plugin, missing: [{ name: "run", command: "python3" }], flags: ["--allow-run=python3"] }),
  new WorkerStartError("start", { plugin, phase: "load", ...exit, cause: new RemoteError("load", { plugin, ...remote }) }),
  new WorkerExitError("exit", { plugin, ...exit, calls: ["execute"] }),
  new PluginStateError("state", { plugin }),
  new CallError("not_supported", "call", { plugin, cause }),
  new RemoteError("remote", { plugin, ...remote }),
  new CallTimeoutError("timeout", { plugin, timeoutMs: 5 }),
  new CallCancelledError("cancelled", { plugin }),
  new ProtocolError("protocol", { plugin, cause: new MalformedReplyError("odd", { cause: new SyntaxError("JSON") }) }),
  new BrokenReplyError("broken", { cause: new Deno.errors.ConnectionReset("reset") }),
  new TypeError("type"),
];

/** What arrives in another thread. */
function sent(error: unknown): unknown {
  return errorFromData(structuredClone(errorToData(error)));
}

for (const error of ERRORS) {
  Deno.test(`${error.name} arrives as itself, with its fields and its causes`, () => {
    const arrived = sent(error);
    assertInstanceOf(arrived, Error);
    assertStrictEquals(Object.getPrototypeOf(arrived), Object.getPrototypeOf(error));
    assertEquals([arrived.name, arrived.message, { ...arrived }], [error.name, error.message, { ...error }]);
    assertEquals(Object.getOwnPropertyNames(arrived).sort(), Object.getOwnPropertyNames(error).sort());
    assertSameCause(arrived, error);
  });
}

function assertSameCause(arrived: Error, error: Error): void {
  if (!(error.cause instanceof Error)) return assertEquals(arrived.cause, error.cause);
  assertInstanceOf(arrived.cause, Error);
  assertStrictEquals(Object.getPrototypeOf(arrived.cause), Object.getPrototypeOf(error.cause));
  assertEquals([arrived.cause.message, arrived.cause.stack], [error.cause.message, error.cause.stack]);
  assertSameCause(arrived.cause, error.cause);
}

Deno.test("an error arrives with a stack that leads to where it is thrown again", () => {
  const arrived = sent(new RemoteError("remote", { plugin, ...remote }));
  assertInstanceOf(arrived, Error);
  assertEquals(arrived.stack?.includes("error_data_test.ts"), true);
});

Deno.test("an error of an unknown class keeps its name, and what is no error arrives as it is or as text", () => {
  class OddError extends Error {
    override name = "OddError";
    readonly callback = () => {};
  }
  const arrived = sent(new OddError("odd"));
  assertInstanceOf(arrived, Error);
  assertEquals([arrived.name, arrived.message], ["OddError", "odd"]);
  assertEquals([sent("text"), sent(undefined), sent(null), sent(Symbol("s"))], ["text", undefined, null, "Symbol(s)"]);
});
