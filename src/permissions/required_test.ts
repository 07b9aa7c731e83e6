import { assertEquals, assertThrows } from "@std/assert";
import { PermissionDeniedError } from "../errors.ts";
import { loadManifest } from "../manifest/load.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { chooseTransport, demandPermissions, requiredPermissions, scratchRoot } from "./required.ts";

const PYTHON: Manifest = { python_path: "/usr/bin/python3", module: "m", class: "C", transport: "tcp" };
const BASE = ["--allow-read=/srv/tmp", "--allow-write=/srv/tmp", "--allow-net=127.0.0.1", "--allow-run=/usr/bin/python3"];

async function flags(changes: Partial<Manifest>): Promise<string[]> {
  return (await requiredPermissions({ ...PYTHON, ...changes }, { scratchDir: "/srv/tmp" })).toFlags();
}

Deno.test("a host needs its folder, its way to the worker and one program", async () => {
  assertEquals(await flags({}), BASE);
});

Deno.test("where a worker runs needs no permission of the host's", async () => {
  assertEquals(await flags({ cwd: "/srv/data" }), BASE);
});

Deno.test("what is inherited is needed by name, or all of it", async () => {
  const env = (inherit_env: Manifest["inherit_env"]) => flags({ inherit_env });
  assertEquals((await env(["A", "B"])).find((flag) => flag.startsWith("--allow-env")), "--allow-env=A,B");
  assertEquals((await env(true)).find((flag) => flag.startsWith("--allow-env")), "--allow-env");
});

Deno.test("a variable of the dynamic linker needs the right to run everything", async () => {
  assertEquals((await flags({ env_vars: { LD_LIBRARY_PATH: "/lib" } })).includes("--allow-run"), true);
  assertEquals((await flags({ env_vars: { LD_LIBRARY_PATH: "" } })).includes("--allow-run"), false);
});

Deno.test("what a bounded plugin has for its own process alone, and what its policy withholds, needs nothing of the host's", async () => {
  const bounded = { ...PYTHON, permissions: {}, env_vars: { LD_LIBRARY_PATH: "/lib" }, inherit_env: ["A", "B"] };
  const { permissions: _, ...unbound } = bounded;
  const rights = async (manifest: Manifest) => {
    const { toFlags } = await requiredPermissions(manifest, { scratchDir: "/srv/tmp", permissions: { env: ["B"] } });
    return toFlags().slice(3).toSorted();
  };
  assertEquals(await rights(bounded), ["--allow-env=B", "--allow-run=/usr/bin/python3"]);
  assertEquals(await rights(unbound), ["--allow-env=A,B", "--allow-run"]);
});

Deno.test("the host of a Deno plugin whose memory is limited needs the program that limits it", async () => {
  const limited = { runtime: "deno", module: "/m.ts", transport: "tcp", resources: { max_memory_mb: 100 } } as const;
  const { toFlags } = await requiredPermissions(limited, { scratchDir: "/srv/tmp" });
  assertEquals(toFlags().slice(3).toSorted(), ["--allow-env=PATH", `--allow-run=${Deno.execPath()},python3`]);
});

Deno.test("a socket of one's own needs its file and its address, by their exact path", async () => {
  const places = { scratchDir: "/srv/tmp", socketPath: "/srv/w.sock" };
  const { toFlags } = await requiredPermissions({ ...PYTHON, transport: undefined }, places);
  assertEquals(toFlags().slice(0, 3), [
    "--allow-read=/srv/tmp,/srv/w.sock",
    "--allow-write=/srv/tmp,/srv/w.sock",
    "--allow-net=unix:/srv/w.sock,localhost",
  ]);
});

Deno.test({
  name: "a host that lacks permissions is told all of them before anything is started",
  permissions: { read: [] },
  async fn() {
    const spec = await loadManifest(PYTHON);
    const error = assertThrows(() => demandPermissions(spec, { scratchDir: "/srv/tmp" }), PermissionDeniedError);
    assertEquals(error.flags, BASE);
  },
});

Deno.test({
  name: "without a choice of the manifest's a worker has a socket where the host names one or may use any, and else a port",
  permissions: { net: false },
  async fn() {
    const spec = await loadManifest({ ...PYTHON, transport: undefined });
    assertEquals(chooseTransport(spec, {}), "tcp");
    assertEquals(chooseTransport(spec, { socketPath: "/srv/w.sock" }), Deno.build.os === "windows" ? "tcp" : "unix");
    assertEquals(chooseTransport(await loadManifest(PYTHON), { socketPath: "/srv/w.sock" }), "tcp");
  },
});

Deno.test("the folder for temporary files is absolute, and the one that is named where one is", () => {
  assertEquals(scratchRoot({ scratchDir: "/srv/./tmp/" }), "/srv/tmp");
  assertEquals(scratchRoot({ scratchDir: "tmp" }), `${Deno.cwd()}/tmp`);
});
