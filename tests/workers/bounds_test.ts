import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { RemoteError } from "@remote-plugin/proxy";
import { type BoundOptions, BoundWorker, type Places, whyUnbound } from "../support/bound_worker.ts";
import { gone, isRunning } from "../support/fixture_proxy.ts";
import { testPython } from "../support/python.ts";

type Bounds = Readonly<Record<string, unknown>>;

const reason = await whyUnbound();

/** A test of a worker that is bound, where that is possible. */
function test(name: string, body: () => Promise<void>): void {
  Deno.test(`python: ${name}`, async () => reason === undefined ? await body() : console.log(`skipped: ${reason}`));
}

async function start(bounds: Bounds = {}, options: BoundOptions = {}): Promise<BoundWorker> {
  return await BoundWorker.start("keeps_within", { bounds: () => bounds, ...options });
}

async function ask(worker: BoundWorker, way: string, options: Record<string, unknown> = {}): Promise<unknown> {
  return await worker.plugin.execute({ way, ...options });
}

async function messageOf(call: Promise<unknown>): Promise<string> {
  const error = await assertRejects(() => call, RemoteError);
  return error.message;
}

test("a worker that is bound says by what", async () => {
  await using worker = await start();
  const { bounds, abi } = worker.hello as unknown as Record<string, unknown>;
  assertEquals(bounds, "landlock");
  assert(typeof abi === "number" && abi >= 6);
});

test("what keeps within the bounds works in them", async () => {
  await using worker = await start();
  const { scratch } = worker.places;
  assertEquals(await ask(worker, "with_asyncio"), 4);
  assertEquals(await ask(worker, "with_tempfile"), join(scratch, "tmp"));
  assertEquals(await ask(worker, "with_logging", { folder: scratch }), "written\n");
  assertEquals(await ask(worker, "with_executor"), [0, 2, 4, 6]);
  assertEquals(await ask(worker, "with_copies", { folder: scratch }), ["0o644", 1]); // nobody else gets to write
  assertEquals(await ask(worker, "with_sqlite", { folder: scratch }), [7]);
  assertEquals(await ask(worker, "with_pool"), [0, 2, 4, 6]);
  assertEquals(await ask(worker, "with_locks"), 2000);
});

test("processes of their own work where programs and their folder are granted", async () => {
  await using worker = await start({ run: true, write: ["/dev/shm"] });
  assertEquals(await ask(worker, "with_program"), "cat\n");
  assertEquals(await ask(worker, "with_pool", { method: "spawn" }), [0, 2, 4, 6]);
  assertEquals(await ask(worker, "with_shared_memory"), "shared");
});

test("what was granted is open, and no more", async () => {
  const bounds = ({ granted, outside }: Places) => ({ read: [granted], write: [join(outside, "movable")] });
  await using worker = await BoundWorker.start("keeps_within", { bounds });
  const { granted, outside } = worker.places;
  assertEquals(await ask(worker, "read", { path: join(granted, "file") }), "granted");
  await ask(worker, "write", { path: join(outside, "movable") });
  assertEquals(await ask(worker, "read", { path: join(outside, "movable") }), "written");
  await assertRejects(() => ask(worker, "write", { path: join(granted, "file") }), RemoteError);
  await assertRejects(() => ask(worker, "read", { path: join(outside, "secret") }), RemoteError);
});

test("a refusal names the key that is missing", async () => {
  await using worker = await BoundWorker.start("keeps_within", { bounds: ({ granted }) => ({ read: [granted] }) });
  const { granted, outside } = worker.places;
  const secret = join(outside, "secret");
  const refused = async (way: string, options: Record<string, unknown>, advice: string) =>
    assertStringIncludes(await messageOf(ask(worker, way, options)), advice);
  await refused("read", { path: secret }, `Permission denied: '${secret}'. Add "${secret}" to "read" of "permissions"`);
  await refused("read", { path: join(granted, "link") }, `. Add "${secret}" to "read" of "permissions"`);
  await refused("read_and_wrap", { path: secret }, `The model cannot be loaded. Add "${secret}" to "read" of "permissions"`);
  await refused("read_in_loop", { path: secret }, `. Add "${secret}" to "read" of "permissions"`);
  await refused("write", { path: secret }, `. Add "${secret}" to "write" of "permissions"`);
  await refused("write", { path: join(outside, "new") }, `. Add "${outside}" to "write" of "permissions"`);
  await refused("remove", { path: join(granted, "file") }, `. Add "${granted}" to "write" of "permissions"`);
  await refused("connect", { port: 4433 }, '. Add ports such as ":443" to "net" of "permissions"');
  await refused(
    "fetch",
    { url: "http://example.test:8080" },
    'Requires net access to "example.test:8080": add ":8080" to "net" of "permissions"',
  );
  await refused("run", { program: "cat" }, 'Requires run access to "cat": add "run": true to "permissions"');
  await refused("with_pool", { method: "spawn" }, '"permissions"');
  await refused("with_pool", { method: "forkserver" }, '"permissions"');
  await refused("with_shared_memory", {}, '. Add "/dev/shm" to "write" of "permissions"');
  assertEquals((await messageOf(ask(worker, "read_and_hide", { path: secret }))).includes("Add"), false);
  assertEquals(await ask(worker, "look_for", { program: "no-such-program" }), "done without");
});

test("a refusal of what a library in C has tried names the key as well", async () => {
  const files = { "readable.db": "" };
  await using worker = await BoundWorker.start("keeps_within", { bounds: ({ granted }) => ({ read: [granted] }), files });
  const { granted, outside } = worker.places;
  const secret = join(outside, "secret");
  const refused = async (way: string, path: string, advice: string) => {
    const message = await messageOf(ask(worker, way, { path }));
    assertEquals(message.slice(message.indexOf(". Add")), `. Add ${advice} of "permissions"`);
  };
  await refused("read_by_library", secret, `"${secret}" to "read"`);
  await refused("load", secret, `"${secret}" to "read"`);
  await refused("read_base", secret, `"${secret}" to "read"`);
  await refused("write_base", join(granted, "readable.db"), `"${granted}" to "write"`);
  await refused("write_base", join(outside, "new.db"), `"${outside}" to "write"`);
  for (const path of [join(granted, "file"), join(outside, "none"), "/usr/lib"]) {
    assertEquals((await messageOf(ask(worker, "read_by_library", { path }))).includes('"permissions"'), false, path);
  }
});

test("a refusal of another port names it", async () => {
  await using worker = await start({ net: [443] });
  const advice = 'Requires net access to "127.0.0.1:4433": add ":4433" to "net" of "permissions"';
  assertStringIncludes(await messageOf(ask(worker, "connect", { port: 4433 })), advice);
  assertStringIncludes(await messageOf(ask(worker, "connect_directly", { port: 4433 })), advice);
  assertStringIncludes(await messageOf(ask(worker, "listen")), 'set "net" of "permissions" to true');
});

test("a file that is not there is no matter of permissions", async () => {
  await using worker = await BoundWorker.start("keeps_within", { bounds: ({ granted }) => ({ read: [granted] }) });
  const message = await messageOf(ask(worker, "read", { path: join(worker.places.granted, "none") }));
  assertEquals(message.includes('"permissions"'), false);
});

test("what a bound plugin has started ends with it, also a daemon", async () => {
  const worker = await start();
  const pid = await ask(worker, "with_daemon") as number;
  assert(await isRunning(pid));
  await worker[Symbol.asyncDispose]();
  await gone(pid);
});

test("an audit tells what was asked for and granted or not, without what every plugin needs", async () => {
  const bounds = ({ granted }: Places) => ({ read: [granted], audit: true });
  await using worker = await BoundWorker.start("keeps_within", { bounds });
  const { granted, outside } = worker.places;
  await ask(worker, "read", { path: join(granted, "file") });
  await messageOf(ask(worker, "read", { path: join(outside, "secret") }));
  await messageOf(ask(worker, "write", { path: join(outside, "new") }));
  await messageOf(ask(worker, "run", { program: "cat" }));
  await worker.process.printed(/run 'cat'/);
  assertEquals(accessesIn(worker.process.log), [
    { key: "read", target: join(granted, "file"), allowed: true },
    { key: "read", target: join(outside, "secret"), allowed: false },
    { key: "write", target: outside, allowed: false },
    { key: "run", target: "cat", allowed: false },
  ]);
});

test("an audit without bounds refuses nothing, and tells what they would", async () => {
  await using worker = await start({ audit: true, hold: false });
  assertEquals("bounds" in worker.hello, false);
  const secret = join(worker.places.outside, "secret");
  assertEquals(await ask(worker, "read", { path: secret }), "secret");
  assertEquals(await ask(worker, "run", { program: "true" }), 0);
  await worker.process.printed(/run 'true'/);
  assertEquals(accessesIn(worker.process.log), [
    { key: "read", target: secret, allowed: false },
    { key: "run", target: "true", allowed: false },
  ]);
});

function accessesIn(log: string): unknown[] {
  // deno-lint-ignore no-control-regex
  return [...log.matchAll(/\x1e(\{.*?\})\x1f/g)].map(([, tag]) => JSON.parse(tag!).access).filter((access) => access !== undefined);
}

/** Runs a program whose kernel says that it has no Landlock. */
const WITHOUT_LANDLOCK = `
import ctypes, os, struct, sys
lines = [(0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x00050000 | 38), (0x06, 0, 0, 0x7FFF0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
libc = ctypes.CDLL(None)
libc.prctl(38, 1, 0, 0, 0)
assert libc.prctl(22, 2, struct.pack("@HP", len(lines), ctypes.addressof(code)), 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
`;

test("a worker that cannot hold the bounds does not start, and says what is missing", async () => {
  await using worker = await start({}, { launcher: [testPython(), "-c", WITHOUT_LANDLOCK] });
  assert("error" in worker.hello);
  assertEquals(worker.hello.error.code, "bounds");
  assertStringIncludes(worker.hello.error.message, "has no Landlock");
  assertEquals((await worker.process.ended()).code, 1);
});

test("a worker of another kind does not start with bounds", async () => {
  await using worker = await start({}, { start: { foreign: "cjm_plugin_system.core.worker" } });
  assert("error" in worker.hello);
  assertEquals(worker.hello.error.code, "bounds");
});

for (
  const [key, value] of [["read", "/"], ["read", ["models"]], ["net", ["example.com"]], ["net", [70000]], ["run", "cat"], ["audit", 1]]
) {
  Deno.test(`python: bounds with ${JSON.stringify(value)} for "${key}" are refused`, async () => {
    await using worker = await start({ [key as string]: value });
    assert("error" in worker.hello);
    assertEquals(worker.hello.error.code, "bad_start");
    assertStringIncludes(worker.hello.error.message, `"${key}" of "bounds"`);
  });
}
