import { assertEquals } from "@std/assert";
import type { LogRecord } from "../../process/output_log.ts";
import { KeptLogs } from "./kept_logs.ts";
import { fromLogLine, toLogLine } from "./log_line.ts";
import { stateFolder } from "./state_folder.ts";

const TIME = new Date("2026-01-02T03:04:05.678Z");
const RECORD: LogRecord = { time: TIME, stream: "stderr", text: 'two\nlines, "quoted"', level: "warning", callId: "a-1" };

Deno.test("a record is one line, and the same again when it is read", () => {
  const line = toLogLine(RECORD);
  assertEquals(line.indexOf("\n"), line.length - 1);
  assertEquals(fromLogLine(line), {
    time: "2026-01-02T03:04:05.678Z",
    stream: "stderr",
    level: "warning",
    call_id: "a-1",
    text: 'two\nlines, "quoted"',
  });
});

Deno.test("a line that is no record is a text", () => {
  for (const line of ['{"time": "2026', '{"time": "2026-01-02"}', "null", ""]) assertEquals(fromLogLine(line), { text: line });
});

Deno.test("logs are kept by plugin, whatever its name is, in files that only their owner reads", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const logs = new KeptLogs(folder);
    assertEquals([await logs.read("../up"), await logs.names()], [undefined, []]);
    for (const text of ["a", "b"]) logs.add("../up", { time: TIME, stream: "stdout", text });
    logs.add("other", RECORD);
    assertEquals((await logs.read("../up"))?.split("\n").map((line) => fromLogLine(line).text), ["a", "b", ""]);
    assertEquals((await logs.names()).sort(), ["../up", "other"]);
    if (Deno.build.os !== "windows") assertEquals(Deno.statSync(logs.file("../up")).mode! & 0o777, 0o600);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("things are kept where the command line says, else a variable, else in the home folder", () => {
  const names = ["REMOTE_PLUGIN_HOME", "XDG_STATE_HOME", "HOME"] as const;
  const before = names.map((name) => [name, Deno.env.get(name)] as const);
  try {
    Deno.env.set("HOME", "/home/you");
    for (const name of ["REMOTE_PLUGIN_HOME", "XDG_STATE_HOME"]) Deno.env.delete(name);
    assertEquals(stateFolder(undefined), "/home/you/.local/state/remote-plugin");
    Deno.env.set("XDG_STATE_HOME", "/state");
    assertEquals(stateFolder(undefined), "/state/remote-plugin");
    Deno.env.set("REMOTE_PLUGIN_HOME", "/own");
    assertEquals(stateFolder(undefined), "/own");
    assertEquals(stateFolder("/named"), "/named");
  } finally {
    for (const [name, value] of before) value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  }
});
