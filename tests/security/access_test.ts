import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { PluginStateError, ProtocolError, RemotePluginProxy } from "@remote-plugin/proxy";
import { within } from "../support/guard.ts";
import { RawConnection } from "../support/raw_http.ts";
import { BOTH, FACES, labelOf, ScratchWatch, startFixture } from "../support/fixture_proxy.ts";

/** The user and group "nobody" of most systems: the number matters, not the name. */
const STRANGER = 65_534;

/** What somebody else on this machine finds when he tries; `undefined` where the tests cannot become somebody else. */
async function asStranger(script: string): Promise<string | undefined> {
  const command = new Deno.Command("/bin/sh", { args: ["-c", script], uid: STRANGER, gid: STRANGER, cwd: "/", stdin: "null" });
  try {
    const { stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    return decoder.decode(stdout) + decoder.decode(stderr);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}

/** The shell's words for connecting to a socket and saying what came of it. Deno may be used by all where it is installed for all. */
function connecting(address: Record<string, unknown>): string {
  const code = `try { const conn = await Deno.connect(${JSON.stringify(address)}); ` +
    `await conn.write(new TextEncoder().encode("GET /health HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")); ` +
    `const bytes = new Uint8Array(99); const count = await conn.read(bytes); ` +
    `console.log("connected", new TextDecoder().decode(bytes.subarray(0, count ?? 0)).split("\\r\\n")[0]); } ` +
    `catch (error) { console.log("refused", error.name); }`;
  const quoted = `'${code.replaceAll("'", `'\\''`)}'`;
  return `DENO_NO_UPDATE_CHECK=1 DENO_DIR=/nonexistent HOME=/nonexistent ${Deno.execPath()} eval --no-lock ${quoted} 2>/dev/null`;
}

/** A folder that everybody may enter, in which a worker's own folder has to look after itself. */
async function withPublicFolder(test: (folder: string) => Promise<void>): Promise<void> {
  await using scratch = await ScratchWatch.create();
  await Deno.chmod(scratch.path, 0o755);
  await test(scratch.path);
}

/** Whether a stranger can reach into this folder at all; without that, that he is kept out shows nothing. */
async function strangerGetsTo(folder: string): Promise<boolean> {
  const path = `${folder}/open`;
  const listener = Deno.listen({ transport: "unix", path });
  await Deno.chmod(path, 0o777);
  const asked = asStranger(connecting({ transport: "unix", path }));
  const answered = listener.accept().then(async (conn) => {
    await conn.read(new Uint8Array(99));
    await conn.write(new TextEncoder().encode("welcome\r\n"));
    conn.close();
  }, () => {});
  const said = await asked;
  listener.close();
  await answered;
  if (said?.includes("connected welcome")) return true;
  console.log(`skipped: the tests cannot act as another user here (${said ?? "not permitted"})`);
  return false;
}

for (const face of BOTH) {
  const label = face.worker;

  Deno.test(`${label}: another user can neither enter a worker's folder, nor read its files, nor connect to its socket`, () =>
    withPublicFolder(async (folder) => {
      if (!await strangerGetsTo(folder)) return;
      await using plugin = await startFixture(face, "echo", { scratchDir: folder });
      const [own] = [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`);
      assertEquals((await Deno.stat(own!)).mode! & 0o777, 0o700);
      const socket = plugin.endpoint!.url.slice("unix:".length);
      for (const attempt of [`ls ${own}`, `cd ${own}`, `cat ${own}/worker.py`, `ls ${own}/scratch`, `echo x > ${own}/x`]) {
        assertStringIncludes((await asStranger(attempt))!.toLowerCase(), attempt.startsWith("cd") ? "can't cd" : "denied");
      }
      assertStringIncludes((await asStranger(connecting({ transport: "unix", path: socket })))!, "refused PermissionDenied");
      assertEquals(await plugin.execute({ n: 1 }), { args: [], kwargs: { n: 1 } });
    }));

  Deno.test(`${label}: another user cannot connect to a socket that the host puts where everybody may enter`, () =>
    withPublicFolder(async (folder) => {
      if (!await strangerGetsTo(folder)) return;
      const socketPath = `${folder}/public.sock`;
      await using _plugin = await startFixture(face, "echo", { scratchDir: folder, socketPath });
      assertEquals((await Deno.lstat(socketPath)).mode! & 0o777, 0o600);
      assertStringIncludes((await asStranger(connecting({ transport: "unix", path: socketPath })))!, "refused PermissionDenied");
    }));

  // W22: nothing runs without the token.
  Deno.test(`${label}: another user who finds a worker's port gets 401, and nothing from /proc`, () =>
    withPublicFolder(async (folder) => {
      if (!await strangerGetsTo(folder)) return;
      await using plugin = await startFixture({ ...face, transport: "tcp" }, "echo", { scratchDir: folder });
      const { hostname, port } = new URL(plugin.endpoint!.url);
      assertStringIncludes((await asStranger(connecting({ hostname, port: Number(port) })))!, "connected HTTP/1.1 401");
      if (Deno.build.os !== "linux") return;
      for (const name of ["environ", "fd", "mem"]) {
        assertStringIncludes((await asStranger(`ls /proc/${plugin.pid}/fd; cat /proc/${plugin.pid}/${name}`))!.toLowerCase(), "denied");
      }
    }));
}

for (const face of FACES) {
  const label = `${labelOf(face)} over ${face.transport}`;

  Deno.test(`${label}: the token is in no command line, no environment, no file, no log and no error`, async () => {
    await using scratch = await ScratchWatch.create();
    const plugin = await startFixture(face, "starts_children", { scratchDir: scratch.path });
    const { url, token = "" } = plugin.endpoint!;
    assertNotEquals(token, "");
    const lines: string[] = [];
    const reading = (async () => {
      for await (const { text } of plugin.logs) lines.push(text);
    })();
    const child = await plugin.execute<{ pid: number }>();
    const errors: unknown[] = [
      await plugin.execute({ no: "such argument" }, { timeoutMs: 1 }).catch((error) => error),
      await plugin.initialize({ model: "x" }).catch((error) => error),
      await assertRejects(() => RemotePluginProxy.attach({ url, token: `${token}x` }), ProtocolError),
      await assertRejects(() => RemotePluginProxy.attach({ url, token: `${token}\nx` }), ProtocolError),
      await assertRejects(() => RemotePluginProxy.attach({ url, token: `${token}文` }), ProtocolError),
    ];
    const seen = [await processes(), await allFiles(scratch.path), Deno.inspect(plugin, { depth: 9, showHidden: true, getters: false })];
    assert(seen[0]!.includes(String(child.pid)), "ps shows the plugin's own children too");
    await plugin.cleanup();
    errors.push(await assertRejects(() => plugin.execute(), PluginStateError));
    await reading;
    seen.push(...lines, ...errors.map((error) => Deno.inspect(error, { depth: 9 }) + JSON.stringify(error)));
    for (const text of seen) assert(!text?.includes(token), `the token is in ${text?.slice(0, 2_000)}`);
  });
}

Deno.test("who sends byte after byte without a token is not waited for", async () => {
  await using python = await startFixture({ worker: "python", transport: "unix" }, "echo");
  await using deno = await startFixture({ worker: "deno", transport: "unix" }, "echo");
  await Promise.all([python, deno].map(async ({ endpoint }) => {
    using connection = await RawConnection.open({ unix: endpoint!.url.slice("unix:".length) });
    let isOver = false;
    const ended = connection.isEnded().finally(() => isOver = true);
    const dripping = (async () => {
      while (!isOver) {
        await connection.write("G");
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    assertEquals(await within(ended, "the worker to hang up"), true);
    await dripping;
  }));
  assertEquals([await python.isAlive(), await deno.isAlive()], [true, true]);
});

/** All command lines and environments that this user may see. */
async function processes(): Promise<string> {
  const { stdout } = await new Deno.Command("ps", { args: ["axeww", "-o", "pid,args"], stderr: "null" }).output();
  return new TextDecoder().decode(stdout);
}

async function allFiles(folder: string): Promise<string> {
  const texts: string[] = [];
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    if (isDirectory) texts.push(await allFiles(`${folder}/${name}`));
    if (isFile) texts.push(await Deno.readTextFile(`${folder}/${name}`));
  }
  return texts.join("\n");
}
