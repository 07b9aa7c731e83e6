import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { type FileResult, type Manifest, requiredPermissions, WorkerExitError, WorkerStartError } from "@remote-plugin/proxy";
import { BOTH, fixtureManifest, gone, ScratchWatch, startFixture } from "../support/fixture_proxy.ts";
import { hostVariables } from "../support/host_variables.ts";
import { killHost } from "../support/killed_host.ts";
import { runHost } from "../support/run_host.ts";

const DENO = BOTH[1]!;
const ignore = Deno.build.os !== "linux";

/** What a plugin does that may read and write the folder in which its files lie, and has a way past Deno from there: to make links. */
async function doneByLinks(bounds: "kernel" | undefined): Promise<{ done: string[]; secret: string }> {
  await using scratch = await ScratchWatch.create();
  const elsewhere = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(elsewhere, "secret"), "as it was");
    const permissions = { read: [scratch.path], write: [scratch.path] };
    await using plugin = await startFixture(DENO, "links_by_wasi", { scratchDir: scratch.path, bounds, manifest: { permissions } });
    await using result = await plugin.execute<FileResult>({ input: new TextEncoder().encode("the input"), elsewhere });
    const done: string[] = JSON.parse(new TextDecoder().decode(await result.bytes()));
    return { done: done.map((what) => what.split(" in ")[0]!), secret: await Deno.readTextFile(join(elsewhere, "secret")) };
  } finally {
    await Deno.remove(elsewhere, { recursive: true });
  }
}

Deno.test({
  name: "deno, held by the kernel: links that lead past Deno lead nowhere",
  ignore,
  async fn() {
    const free = await doneByLinks(undefined);
    assertEquals([free.done.includes("reads elsewhere"), free.secret], [true, "changed"]);
    const held = await doneByLinks("kernel");
    assertEquals([held.done.includes("makes a link"), held.done.includes("reads elsewhere"), held.secret], [true, false, "as it was"]);
  },
});

Deno.test({
  name: "deno, held by the kernel: values, streams and files pass, programs run that were granted, and its end is told",
  ignore,
  async fn() {
    await using scratch = await ScratchWatch.create();
    const options = { bounds: "kernel", scratchDir: scratch.path } as const;
    await using hands = await startFixture(DENO, "hands_over", options);
    assertEquals((await hands.execute<FileResult>({ action: "give", size: 300_000 })).size, 300_000);
    assertEquals((await Array.fromAsync(hands.executeStream({ action: "give", size: 3, count: 20 }))).length, 20);
    await using runs = await startFixture(DENO, "runs_program", options);
    assertEquals(typeof await runs.execute({ program: "true" }).then(() => "done", () => "failed"), "string");
    await using kills = await startFixture(DENO, "kills_itself", options);
    const { signal } = await assertRejects(() => kills.execute(), WorkerExitError);
    assertEquals([signal, kills.permissions], ["SIGKILL", { run: true }]);
  },
});

Deno.test({
  name: "deno, held by the kernel: a host runs with exactly the flags of requiredPermissions(), and needs a Python",
  ignore,
  async fn() {
    await using scratch = await ScratchWatch.create();
    const manifest: Manifest = await fixtureManifest(DENO, "echo");
    const places = { scratchDir: scratch.path, bounds: "kernel" } as const;
    const flags = (await requiredPermissions(manifest, places)).toFlags();
    assertEquals(flags.find((flag) => flag.startsWith("--allow-run=")), `--allow-run=${Deno.execPath()},python3`);
    const { code, stdout, stderr } = await runHost("calls_once", flags, [manifest, places, { n: 1 }]);
    assertEquals([code, stderr, JSON.parse(stdout).result], [0, "", { args: [], kwargs: { n: 1 } }]);
    using _ = hostVariables({ PATH: "/nowhere" });
    const { message } = await assertRejects(() => startFixture(DENO, "echo", { bounds: "kernel" }), WorkerStartError);
    assertStringIncludes(message, 'there is no program "python3". Install Python 3.8 or later, or start it without bounds: "kernel"');
  },
});

Deno.test({
  name: "deno, held by the kernel: the worker of a host that was killed ends, and the next host removes its folder",
  ignore,
  async fn() {
    await using scratch = await ScratchWatch.create();
    const manifest = await fixtureManifest({ ...DENO, transport: "tcp" }, "holds");
    await gone(await killHost(manifest, { scratchDir: scratch.path, bounds: "kernel" }));
    await using _next = await startFixture(DENO, "echo", { scratchDir: scratch.path });
    assertEquals(scratch.names().length, 1);
  },
});
