import { assert, assertEquals } from "@std/assert";
import { existsSync } from "@std/fs";
import { pathOf, readJson } from "./registry.ts";
import { PROGRAMS } from "./task.ts";

const TASKS = readJson("deno.json").tasks as Record<string, { command: string }>;

Deno.test("each program of a task is there", () => {
  assertEquals(Object.values(PROGRAMS).filter(([file]) => !existsSync(pathOf(file))), []);
});

Deno.test("each task of deno.json that goes by the runner is one that it knows", () => {
  const named = Object.values(TASKS).flatMap(({ command }) => /tools\/task\.ts (\w+)/.exec(command)?.[1] ?? []);
  assert(named.length > 5, `there are ${named.length}`);
  assertEquals(named.filter((name) => !(name in PROGRAMS)), []);
});
