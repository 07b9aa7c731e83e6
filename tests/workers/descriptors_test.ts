import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RemotePluginProxy, WorkerExitError } from "@remote-plugin/proxy";
import { within } from "../support/guard.ts";
import { type Face, fixtureManifest, type FixtureOptions, startFixture } from "../support/fixture_proxy.ts";

const PYTHON: Face = { worker: "python", transport: "unix" };
const FACES: readonly Face[] = [PYTHON, { ...PYTHON, transport: "tcp" }, { ...PYTHON, upgrade: false }];

async function startClosing(face: Face, options: FixtureOptions = {}): Promise<RemotePluginProxy> {
  return await startFixture(face, "closes_descriptors", options);
}

/** What a call is told whose worker has lost a descriptor. */
async function isTold(call: () => Promise<unknown>): Promise<void> {
  const error = await within(assertRejects(call, WorkerExitError), "the end of the call");
  assertEquals([error.exitCode, error.signal], [76, null]);
  assertStringIncludes(error.output, "the plugin has closed a file descriptor of the worker's");
}

for (const face of FACES) {
  const label = `${face.transport}${face.upgrade === false ? ", by HTTP" : ""}`;
  for (const way of ["range", "everything", "one_by_one", "by_socket", "in_thread"]) {
    for (const hold of [false, true]) {
      // Nothing can be told of a range that is closed behind an answer, but to the next call.
      if (way === "in_thread" && !hold) continue;
      Deno.test(`${label}: a call ${hold ? "that goes on" : "that returns"} after its plugin has closed the worker's descriptors (${way}) rejects and says why`, async () => {
        await using plugin = await startClosing(face);
        await isTold(() => plugin.execute({ way, hold }));
        await isTold(() => plugin.execute());
      });
    }
  }

  for (const kind of ["listener", "connection", "pipe"]) {
    Deno.test(`${label}: a call that goes on after its plugin has closed one descriptor of the worker's (${kind}) rejects and says why`, async () => {
      await using plugin = await startClosing(face);
      await isTold(() => plugin.execute({ way: "one", kind, hold: true }));
    });
  }

  for (const way of ["taken_by_files", "taken_by_socket"]) {
    Deno.test(`${label}: no answer goes to a file or a socket of the plugin's own under a number that was the worker's (${way})`, async () => {
      const file = await Deno.makeTempFile();
      {
        await using plugin = await startClosing(face);
        await isTold(() => plugin.execute({ way, file }));
      }
      assertEquals(await Deno.readTextFile(file), "");
      await Deno.remove(file);
    });
  }
}

for (const face of FACES) {
  Deno.test(`${face.transport}${face.upgrade === false ? ", by HTTP" : ""}: a plugin that lets its process open no file any more is answered as before`, async () => {
    await using plugin = await startClosing(face);
    await plugin.execute({ way: "open_no_more" });
    // For longer than the worker's look at its descriptors takes to come again.
    for (const way of ["nothing", "outlasts_a_look", "nothing"]) assertEquals(await plugin.execute({ way }), "fine");
  });
}

Deno.test("a stream whose plugin has closed the worker's descriptors rejects and says why", async () => {
  await using plugin = await startClosing(PYTHON);
  await isTold(() => Array.fromAsync(plugin.executeStream()));
});

Deno.test("calls in other lanes reject too when a plugin has closed the worker's descriptors", async () => {
  await using plugin = await startClosing(PYTHON, { manifest: { max_concurrency: 2 } });
  const begun = plugin.execute({ hold: true });
  await Promise.all([isTold(() => begun), isTold(() => plugin.execute({ way: "range" }))]);
});

Deno.test("a worker that has lost its descriptors is started again by policy", async () => {
  const manifest = await fixtureManifest(PYTHON, "closes_descriptors");
  await using plugin = await RemotePluginProxy.start({ ...manifest, restart: "on_failure" });
  await isTold(() => plugin.execute({ way: "range" }));
  assertEquals(await plugin.execute(), "fine");
});

Deno.test("a worker goes on when only its plugin's child closes descriptors, or the plugin the standard streams", async () => {
  await using plugin = await startClosing(PYTHON);
  for (const [way, result] of [["in_child", 0], ["standard_streams", "fine"], ["nothing", "fine"]]) {
    assertEquals(await plugin.execute({ way }), result);
  }
});
