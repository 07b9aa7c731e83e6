import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { CallError, ManifestError, PluginStateError, ProtocolError, RemoteError } from "@remote-plugin/proxy";
import { ManagerWatch, ManifestFolder, pythonManifest } from "../support/managed_plugins.ts";

Deno.test("a configuration is checked by the plugin's schema before it is sent, and every wrong place is named", async () => {
  await using watch = await ManagerWatch.of("naps");
  const { manager } = watch;
  for (const isLoaded of [false, true]) {
    if (isLoaded) await manager.load("naps");
    const error = await assertRejects(() => manager.configure("naps", { model: "huge", beams: 0 }), CallError);
    assertEquals(error.code, "invalid_arguments");
    assertEquals(
      error.message,
      'Cannot configure "naps": "$.model": Instance does not match any of ["small","large"]; "$.beams": 0 is less than 1. Nothing was sent',
    );
    assertEquals(await manager.getConfig("naps"), undefined);
  }
  await manager.configure("naps", { model: "small" });
  assertEquals(await manager.get("naps").getCurrentConfig(), { model: "small" });
  await manager.get("naps").initialize({ model: "large" });
  await manager.reload("naps");
  assertEquals(await manager.get("naps").getCurrentConfig(), { model: "large" });
});

Deno.test("a configuration is kept in configDir over the manager's end, readable for its owner alone", async () => {
  await using folder = await ManifestFolder.create({});
  const configDir = join(folder.path, "config");
  {
    await using watch = await ManagerWatch.of("naps", { configDir });
    await watch.manager.configure("naps", { model: "large" });
  }
  const file = join(configDir, "naps%401.2.3.json");
  assertEquals((await Deno.stat(file)).mode! & 0o777, 0o600);
  await using watch = await ManagerWatch.of("naps", { configDir });
  assertEquals(await watch.manager.get("naps").getCurrentConfig(), { model: "large" });
  await Deno.writeTextFile(file, "{ half");
  await using other = await ManagerWatch.of("naps", { configDir });
  await assertRejects(() => other.manager.load("naps"), ManifestError, `in "${file}"`);
});

Deno.test("a configuration that cannot be written says so, and the plugin goes on with it", async () => {
  await using folder = await ManifestFolder.create({ "a_file": "" });
  await using watch = await ManagerWatch.of("naps", { configDir: join(folder.path, "a_file") });
  await assertRejects(() => watch.manager.configure("naps", { model: "large" }), PluginStateError, "Cannot keep the configuration");
  assertEquals(await watch.manager.get("naps").getCurrentConfig(), { model: "large" });
});

Deno.test("a schema that is itself invalid is the plugin's error, and the plugin can still be called", async () => {
  await using watch = await ManagerWatch.of("wrong_schema");
  await watch.manager.load("wrong_schema");
  const error = await assertRejects(() => watch.manager.configure("wrong_schema", { model: 1 }), ProtocolError);
  assertStringIncludes(error.message, 'its JSON Schema is invalid: "$.properties.model.type" is "nonsense", which is no type');
  assertEquals(await watch.manager.get("wrong_schema").execute(), "fine");
});

// W8: a manager tells why a plugin cannot be loaded, and keeps nothing of it.
Deno.test("a manager whose plugin refuses its configuration says why and leaves no worker", async () => {
  const config_schema = { properties: { model: { default: "none" } } };
  const manifest = { ...await pythonManifest("configured"), config_schema };
  await using watch = await ManagerWatch.create({ manifests: [manifest] });
  const error = await assertRejects(() => watch.manager.load("configured"), RemoteError);
  assertEquals(error.remoteMessage, 'no such model: "none"');
  assertEquals([watch.workers, watch.events.map(({ type }) => type)], [0, ["starting", "failed"]]);
});
