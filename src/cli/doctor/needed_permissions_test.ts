import { assertEquals } from "@std/assert";
import type { PermissionUse } from "../../process/permission_audit.ts";
import { neededPermissions } from "./needed_permissions.ts";

function refused(permission: PermissionUse["permission"], ...values: (string | undefined)[]): PermissionUse[] {
  return values.map((value) => ({ permission, value, allowed: false }));
}

Deno.test("what is needed is what was granted and refused, each entry once, and a folder for many of its files", () => {
  const files = ["/model/a", "/model/b", "/model/c", "/model/d", "/model/d/e", "/data/one", "/data/one"];
  const needs = { runtime: "python", granted: { read: ["/granted"], write: true } } as const;
  assertEquals(neededPermissions([...refused("read", ...files), ...refused("write", "/out")], needs), {
    read: ["/granted", "/model", "/data/one"],
    write: true,
  });
});

Deno.test("a Python plugin needs ports, or all of the network, and programs altogether", () => {
  const needs = { runtime: "python", granted: { net: [":80"] } } as const;
  const uses = [...refused("net", "example.com", "example.com:443", "[::1]:443"), ...refused("run", "/bin/true")];
  assertEquals(neededPermissions(uses, needs), { net: [":80", ":443"], run: true });
  assertEquals(neededPermissions(refused("net", "example.com"), { runtime: "python", granted: {} }), { net: true });
});

Deno.test("a Deno plugin needs what it named, or everything of a kind", () => {
  const uses = [...refused("net", "example.com:443"), ...refused("env", "HOME", undefined), ...refused("sys", "hostname")];
  assertEquals(neededPermissions(uses, { runtime: "deno", granted: {} }), { net: ["example.com:443"], env: true, sys: ["hostname"] });
});
