import { assertEquals, assertNotEquals } from "@std/assert";
import { requiredPermissions } from "@remote-plugin/proxy";
import { within } from "../support/guard.ts";
import { filesBelow } from "../support/files.ts";
import { hostArguments, hostProgram } from "../support/run_host.ts";
import { BOTH, type Face, fixtureManifest, gone, ScratchWatch, startFixture } from "./fixture_proxy.ts";

/** Starts a host in a process of its own, with its narrow flags, and waits until it holds files. */
async function startHolder(face: Face, scratchDir: string): Promise<{ host: Deno.ChildProcess; worker: number }> {
  const manifest = await fixtureManifest({ ...face, transport: "tcp" }, "hands_over");
  const flags = (await requiredPermissions(manifest, { scratchDir })).toFlags();
  const args = [...hostArguments(), ...flags, hostProgram("holds_files"), JSON.stringify(manifest), JSON.stringify({ scratchDir })];
  const host = new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "piped" }).spawn();
  const reader = host.stdout.getReader();
  const { value } = await within(reader.read(), "the host to hold files");
  await reader.cancel();
  return { host, worker: Number(new TextDecoder().decode(value)) };
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself, for its host has.
  }
}

for (const face of BOTH) {
  for (const [whom, victims] of [["the host", ["host"]], ["the worker", ["worker"]], ["both", ["worker", "host"]]] as const) {
    Deno.test(`${face.worker}: after a SIGKILL of ${whom} nothing remains after the next start`, async () => {
      await using scratch = await ScratchWatch.create();
      const { host, worker } = await startHolder(face, scratch.path);
      assertNotEquals(filesBelow(scratch.path).filter((path) => path.includes("/scratch/")), []);
      for (const victim of victims) kill(victim === "host" ? host.pid : worker);
      await within(Promise.all([host.status, gone(worker)]), "their ends");
      const plugin = await startFixture(face, "hands_over", { scratchDir: scratch.path });
      assertEquals(scratch.names().length, 1, "only the new worker's own folder is there");
      await plugin.cleanup();
      assertEquals(scratch.names(), []);
    });
  }

  Deno.test(`${face.worker}: the folder of a host that lives is not swept by another's start`, async () => {
    await using scratch = await ScratchWatch.create();
    const { host, worker } = await startHolder(face, scratch.path);
    // The mark of an open call goes when the call ends, which may be now.
    const before = filesBelow(scratch.path).filter((path) => !path.endsWith("/.open"));
    await (await startFixture(face, "echo", { scratchDir: scratch.path })).cleanup();
    const after = filesBelow(scratch.path);
    assertEquals(before.filter((path) => !after.includes(path)), []);
    kill(host.pid);
    await within(Promise.all([host.status, gone(worker)]), "their ends");
    await (await startFixture(face, "echo", { scratchDir: scratch.path })).cleanup();
  });
}

Deno.test("a folder that a link stands for is not swept", async () => {
  await using scratch = await ScratchWatch.create();
  await using elsewhere = await ScratchWatch.create();
  await Deno.writeTextFile(`${elsewhere.path}/owner.lock`, "");
  await Deno.writeTextFile(`${elsewhere.path}/precious`, "");
  const link = `${scratch.path}/remote-plugin-link`;
  await new Deno.Command("ln", { args: ["-s", elsewhere.path, link] }).output();
  await (await startFixture(BOTH[0]!, "echo", { scratchDir: scratch.path })).cleanup();
  assertEquals(elsewhere.names().sort(), ["owner.lock", "precious"]);
  for (const path of [link, `${elsewhere.path}/owner.lock`, `${elsewhere.path}/precious`]) await Deno.remove(path);
});
