import { assertEquals } from "@std/assert";
import { ENDPOINTS, EXTENSIONS } from "../protocol/endpoints.ts";
import type { BlockingFace } from "./members.ts";
import { extensionOf, MEMBERS, operationOf, type PluginInterface, questionAt } from "./members.ts";
import { RemotePluginProxy } from "./proxy.ts";
import { RemotePluginProxySync } from "./proxy_sync.ts";

/** What hosts ask for themselves, and no member does. */
const HOST_ONLY = ["ready", "in_use", "sources"];

/** An asynchronous proxy tells of these by `auditPermissions`, a function that could not run while the thread is blocked. */
const BLOCKING_ONLY = ["permissionUses"];

Deno.test("every endpoint has one member, but for those that hosts ask for themselves", () => {
  const asked = Object.values(MEMBERS).map(({ endpoint }) => endpoint as string);
  assertEquals([...asked, ...HOST_ONLY].sort(), Object.keys(ENDPOINTS).sort());
});

Deno.test("the blocking proxy has the members of the asynchronous one, by the same names", () => {
  const asynchronous = Object.getOwnPropertyNames(RemotePluginProxy.prototype);
  const blocking = Object.getOwnPropertyNames(RemotePluginProxySync.prototype);
  assertEquals([...asynchronous, ...BLOCKING_ONLY].sort(), blocking.sort());
  for (const member of [...Object.keys(MEMBERS), "extension"]) assertEquals([member, asynchronous.includes(member)], [member, true]);
  // What they take and give is checked with the types.
  ((face: RemotePluginProxySync): BlockingFace => face) satisfies unknown;
  ((face: RemotePluginProxy): PluginInterface => face) satisfies unknown;
});

Deno.test("a member that gives its answer as it comes is found by its endpoint", () => {
  assertEquals(questionAt("config_schema"), "getConfigSchema");
  assertEquals(questionAt("execute"), undefined);
  assertEquals(questionAt("task"), undefined);
});

Deno.test("an operation has its member's endpoint and name", () => {
  assertEquals(operationOf("executeStream", { args: [] }), { endpoint: "execute_stream", member: "executeStream", body: { args: [] } });
});

Deno.test("an extension that is asked for by GET takes no body", () => {
  const bodies = Object.keys(EXTENSIONS).filter((endpoint) => extensionOf(endpoint as keyof typeof EXTENSIONS, {}).body === undefined);
  assertEquals(bodies, ["config_options", "structural_surface"]);
});
