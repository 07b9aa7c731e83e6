import { assertEquals } from "@std/assert";
import { MOST_TOLD, PermissionAudit, type PermissionUse } from "./permission_audit.ts";

const PYTHON = { granted: undefined, isFree: false, own: ["/own"], modules: [] };

function lineOf(target: string): string {
  return `\x1e${JSON.stringify({ level: "debug", access: { key: "read", target, allowed: false } })}\x1fmay not read\n`;
}

Deno.test("a use is told of once, and none in the worker's own folders", async () => {
  const uses: PermissionUse[] = [];
  const audit = new PermissionAudit((use) => uses.push(use), PYTHON);
  const taken = [lineOf("/a"), lineOf("/own/b"), lineOf("/a"), "text\n"].map((line) => audit.take(line));
  await Promise.resolve();
  assertEquals(taken, [true, true, true, false]);
  assertEquals(uses, [{ permission: "read", value: "/a", allowed: false }]);
});

Deno.test("a plugin that makes up uses without end fills nobody's memory", async () => {
  const uses: PermissionUse[] = [];
  const audit = new PermissionAudit((use) => uses.push(use), PYTHON);
  for (let at = 0; at < MOST_TOLD + 5; at++) audit.take(lineOf(`/${at}`));
  await Promise.resolve();
  assertEquals([uses.length, uses.at(-1)?.value], [MOST_TOLD, `/${MOST_TOLD - 1}`]);
});
