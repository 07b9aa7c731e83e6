import { assertEquals, assertStringIncludes } from "@std/assert";
import { PluginError, RemotePluginProxy } from "@remote-plugin/proxy";
import { BOTH, fixtureManifest, labelOf, startFixture } from "../support/fixture_proxy.ts";

/** The frames of what an operation fails with. */
async function framesOf(operation: () => Promise<unknown>): Promise<{ readonly error: PluginError; readonly frames: readonly string[] }> {
  try {
    await operation();
  } catch (error) {
    if (error instanceof PluginError) return { error, frames: linesOf(error) };
    throw error;
  }
  throw new Error("It has not failed");
}

function linesOf(error: Error): string[] {
  return error.stack!.split("\n").filter((line) => line.startsWith("    at "));
}

for (const face of BOTH) {
  Deno.test(`${labelOf(face)}: an error is told to come from the line that has called the plugin`, async () => {
    await using plugin = await startFixture(face, "raises");
    const first = async function callsExecute() {
      await plugin.execute();
    };
    const second = async function readsStream() {
      for await (const _ of plugin.executeStream());
    };
    assertStringIncludes((await framesOf(first)).frames[0]!, "at async callsExecute");
    assertStringIncludes((await framesOf(second)).frames[0]!, "at async readsStream");
  });

  Deno.test(`${labelOf(face)}: a start that fails is told to come from the line that has started the plugin, and its cause from nowhere`, async () => {
    const manifest = { ...await fixtureManifest(face, "raises"), class: "NoSuchClass" };
    const { error, frames } = await framesOf(async function startsPlugin() {
      await RemotePluginProxy.start(manifest, { permissions: "requested" });
    });
    assertStringIncludes(frames[0]!, "at async startsPlugin");
    assertEquals(linesOf(error.cause as Error), []);
  });
}
