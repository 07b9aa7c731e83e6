import { assertEquals } from "@std/assert";
import { OutputLog } from "../process/output_log.ts";
import { ChosenIds } from "./chosen_ids.ts";
import { ClientLogs } from "./client_logs.ts";

const EXECUTE = { endpoint: "execute" } as const;

/** A log of which the call "b" seems to be the only one that runs, and what that call is told. */
function followed(clients: readonly (string | undefined)[]): { log: OutputLog; told: string[]; logs: ClientLogs } {
  const log = new OutputLog();
  log.onlyCall = () => "b";
  const logs = new ClientLogs(log, new ChosenIds());
  for (const client of clients) logs.admit(EXECUTE, true, { client });
  const told: string[] = [];
  logs.follow({ id: "b" }, ({ text }) => told.push(text));
  return { log, told, logs };
}

const TOLD = JSON.stringify({ text: "it tells its call", call_id: "b" });

Deno.test("a line that tells no call is that of the call that runs alone while all calls were one client's", () => {
  const { log, told } = followed(["one", "one"]);
  for (const line of ["a line", TOLD, JSON.stringify({ call_id: "a" })]) log.add("stderr", line);
  log.add("host", "a word of the host's");
  assertEquals(told, ["a line", TOLD]);
});

for (const [who, earlier] of [["another client's", "other"], ["the program's own", undefined]] as const) {
  Deno.test(`a line that tells no call is nobody's once a call was ${who}, for it may have printed it`, () => {
    const { log, told, logs } = followed(["one"]);
    log.add("stderr", "a line");
    logs.admit(EXECUTE, true, { client: earlier });
    for (const line of ["a late line", TOLD]) log.add("stderr", line);
    assertEquals(told, ["a line", TOLD]);
  });
}

Deno.test("a question that the worker answers itself makes nobody a caller", () => {
  const { log, told, logs } = followed(["one"]);
  logs.admit({ endpoint: "stats" }, false, { client: "other" });
  log.add("stderr", "a line");
  logs.admit({ endpoint: "config_schema" }, false, { client: "other" });
  log.add("stderr", "what may be another one's");
  assertEquals(told, ["a line"]);
});

Deno.test("a followed call among those of several clients is given an id that none of them has chosen", () => {
  const { logs } = followed(["one"]);
  const onLog = () => {};
  assertEquals(logs.admit(EXECUTE, true, { client: "one", callId: "x", onLog }).callId, "x");
  logs.admit(EXECUTE, true, { client: "other", callId: "y" });
  assertEquals(logs.admit(EXECUTE, true, { client: "one", callId: "x", onLog }).callId, undefined);
  assertEquals(logs.admit<{ callId?: string }>(EXECUTE, true, { callId: "x" }).callId, "x");
});

Deno.test("a call is told nothing once it has ended", () => {
  const { log, logs } = followed(["one"]);
  const told: string[] = [];
  {
    using _following = logs.follow({ id: "b" }, ({ text }) => told.push(text));
    log.add("stderr", "in time");
  }
  log.add("stderr", "too late");
  assertEquals(told, ["in time"]);
});
