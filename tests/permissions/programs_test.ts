import { assertEquals, assertRejects } from "@std/assert";
import { type Manifest, ManifestError, RemoteError, type RemotePluginProxy, requiredPermissions } from "@remote-plugin/proxy";
import type { PermissionSet } from "@remote-plugin/proxy/protocol";
import { runHost } from "../support/run_host.ts";
import { fixtureManifest, type FixtureOptions, ScratchWatch, startFixture } from "../support/fixture_proxy.ts";

const DENO = { worker: "deno", transport: "tcp" } as const;

type Runs = Omit<FixtureOptions, "manifest"> & { readonly run: true | string[]; readonly env_vars?: Record<string, string> };

/** Starts the fixture that runs a program. */
async function startRunner({ run, env_vars, ...options }: Runs): Promise<RemotePluginProxy> {
  return await startFixture(DENO, "runs_program", { ...options, manifest: { permissions: { run }, env_vars } });
}

/** A folder with a program that says whose it is, which is the host's whole `PATH`. */
class OnPath implements AsyncDisposable {
  readonly #path = Deno.env.get("PATH") ?? "";
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
    Deno.env.set("PATH", `relative::${folder}`);
  }

  static async with(program: string): Promise<OnPath> {
    const folder = await Deno.realPath(await Deno.makeTempDir());
    await writeProgram(folder, program, "the host's");
    return new OnPath(folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    Deno.env.set("PATH", this.#path);
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function writeProgram(folder: string, name: string, says: string): Promise<void> {
  await Deno.writeTextFile(`${folder}/${name}`, `#!/bin/sh\necho "${says}"\n`, { mode: 0o755 });
}

Deno.test("deno: a program by its name is the one on the host's own PATH, whatever the plugin's PATH says", async () => {
  await using host = await OnPath.with("tool");
  const own = await Deno.makeTempDir();
  try {
    await writeProgram(own, "tool", "the plugin's");
    const options = { run: ["tool"], permissions: { run: ["tool"] } };
    await using plain = await startRunner(options);
    assertEquals(plain.permissions, { run: [`${host.folder}/tool`] });
    assertEquals(await plain.execute({ program: "tool" }), "the host's\n");
    await using sly = await startRunner({ ...options, env_vars: { PATH: own } });
    assertEquals(sly.permissions, { run: [`${host.folder}/tool`] });
    assertEquals(await sly.execute({ program: `${host.folder}/tool` }), "the host's\n");
    for (const program of ["tool", `${own}/tool`, `${host.folder}/../${own}/tool`]) {
      await assertRejects(() => sly.execute({ program }), RemoteError, "run access");
    }
  } finally {
    await Deno.remove(own, { recursive: true });
  }
});

Deno.test("deno: a program is the same by its name and by its path", async () => {
  await using host = await OnPath.with("tool");
  const path = `${host.folder}/tool`;
  const ways: readonly (readonly [string, string])[] = [["tool", path], [path, "tool"], [`${host.folder}/./x/../tool`, "tool"]];
  for (const [asked, allowed] of ways) {
    await using plugin = await startRunner({ run: [asked], permissions: { run: [allowed] } });
    assertEquals([plugin.permissions, await plugin.execute({ program: "tool" })], [{ run: [path] }, "the host's\n"]);
  }
});

Deno.test("deno: no way around leads from an allowed program to another one", async () => {
  await using host = await OnPath.with("tool");
  await writeProgram(host.folder, "other", "another");
  const path = `${host.folder}/tool`;
  for (const asked of [`${path}/../other`, `${host.folder}/other`, `${path}x`, `${path}/x`, host.folder, "../tool", "./tool"]) {
    await using plugin = await startRunner({ run: [asked], permissions: { run: ["tool", path] } });
    assertEquals(plugin.permissions, {}, asked);
  }
});

Deno.test("deno: a pattern for programs is refused on either side, for Deno has none", async () => {
  const policies: readonly PermissionSet[] = [{ run: ["/usr/bin/*"] }, { run: ["*"] }, { run: ["", "true"] }, { read: ["/a,/etc"] }];
  for (const permissions of policies) {
    await assertRejects(() => startRunner({ run: ["/usr/bin/../../tmp/x"], permissions }), TypeError, 'The policy "permissions" has');
  }
  for (const run of [["true", "/usr/bin/*"], ["true", ""], ["true", "a,b"]]) {
    const error = await assertRejects(() => startRunner({ run }), ManifestError);
    assertEquals(error.place, "$.permissions.run[1]");
  }
});

Deno.test("deno: a program that nobody finds is not granted, and a warning says so", async () => {
  await using host = await OnPath.with("tool");
  await Deno.writeTextFile(`${host.folder}/notes`, "no program");
  const run = ["no-such-tool", "tool", "notes", "not-allowed"];
  await using plugin = await startRunner({ run, permissions: { run: ["no-such-tool", "tool", "notes", "not-asked"] } });
  assertEquals(plugin.permissions, { run: [`${host.folder}/tool`] });
  await using greedy = await startRunner({ run: true, permissions: { run: ["no-such-tool", "tool"] } });
  assertEquals(greedy.permissions, { run: [`${host.folder}/tool`] });
  const told = (name: string) => `"runs_program" may not run "${name}": no folder of PATH into which the host may look has it`;
  assertEquals([plugin.warnings, greedy.warnings], [["no-such-tool", "notes"].map(told), [told("no-such-tool")]]);
});

Deno.test("deno: a host that may look nowhere leaves it to Deno to find a program, on the host's own PATH", async () => {
  await using scratch = await ScratchWatch.create();
  await using _ = await OnPath.with("tool");
  const own = await Deno.makeTempDir();
  try {
    await writeProgram(own, "tool", "the plugin's");
    const manifest: Manifest = { ...await fixtureManifest(DENO, "runs_program"), permissions: { run: ["tool"] } };
    const options = { scratchDir: scratch.path, permissions: { run: ["tool"] } };
    const flags = (await requiredPermissions(manifest, options)).toFlags();
    const call = async (given: readonly string[], changes: Partial<Manifest>, program = "tool") =>
      JSON.parse((await runHost("calls_once", given, [{ ...manifest, ...changes }, options, { program }])).stdout);
    const { result, granted } = await call(flags, {});
    assertEquals([result, granted], ["the host's\n", { run: ["tool"] }]);
    for (const program of ["tool", `${own}/tool`]) {
      const sly = await call(flags, { env_vars: { PATH: own } }, program);
      assertEquals([sly.error, sly.message.includes("run access")], ["RemoteError", true]);
    }
    const blind = await call(flags.filter((flag) => flag !== "--allow-env=PATH"), {});
    assertEquals([blind.error, blind.flags], ["PermissionDeniedError", ["--allow-env=PATH"]]);
    // Where nothing is granted nothing is looked for.
    assertEquals((await requiredPermissions(manifest, { ...options, permissions: {} })).toFlags().join(" ").includes("PATH"), false);
  } finally {
    await Deno.remove(own, { recursive: true });
  }
});
