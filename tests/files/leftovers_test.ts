import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type FileResult, RemotePluginProxy, requiredPermissions, WorkerStartError } from "@remote-plugin/proxy";
import type { HelloMessage } from "../../src/protocol/messages.ts";
import { OWNER_FILE, OWNER_LINE } from "../../src/protocol/private_folder.ts";
import { within } from "../support/guard.ts";
import { planWorker } from "../support/worker_plan.ts";
import { WorkerProcess } from "../support/worker_process.ts";
import { filesBelow } from "../support/files.ts";
import { hostArguments, hostProgram } from "../support/run_host.ts";
import { BOTH, type Face, fixtureManifest, gone, ScratchWatch, startFixture } from "../support/fixture_proxy.ts";
import { testPython } from "../support/python.ts";
import { PrintedLines } from "../support/printed_lines.ts";

/** A place for a worker's program, beside the folder that the test looks into. */
class ProgramFolder implements AsyncDisposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "program-" });

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** Starts a host in a process of its own, with its narrow flags, and waits until it holds files. */
async function startHolder(face: Face, scratchDir: string): Promise<{ host: Deno.ChildProcess; worker: number }> {
  const manifest = await fixtureManifest({ ...face, transport: "tcp" }, "hands_over");
  const flags = (await requiredPermissions(manifest, { scratchDir })).toFlags();
  const args = [...hostArguments(), ...flags, hostProgram("holds_files"), JSON.stringify(manifest), JSON.stringify({ scratchDir })];
  const host = new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "piped" }).spawn();
  const lines = new PrintedLines(host.stdout);
  const worker = Number(await lines.next("the process of its worker"));
  await lines.cancel();
  return { host, worker };
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

/** Makes a folder as this package's are, by the hand of somebody else. */
async function plant(path: string, line = OWNER_LINE): Promise<void> {
  await Deno.mkdir(path, { mode: 0o700 });
  await Deno.writeTextFile(`${path}/${OWNER_FILE}`, line);
  await Deno.writeTextFile(`${path}/precious`, "");
}

async function shell(script: string, ...args: string[]): Promise<void> {
  const { success } = await new Deno.Command("sh", { args: ["-ec", script, "sh", ...args] }).output();
  assert(success, script);
}

Deno.test("a start removes no folder that a link stands for, and none whose owner's file is a link or has another name", async () => {
  await using scratch = await ScratchWatch.create();
  await using elsewhere = await ScratchWatch.create();
  await plant(`${elsewhere.path}/kept`);
  const [link, second, third] = [1, 2, 3].map((number) => `${scratch.path}/remote-plugin-000000000000000${number}`) as [
    string,
    string,
    string,
  ];
  await shell(
    'ln -s "$1" "$2"; mkdir -m 700 "$3" "$4"; ln -s "$1/owner.lock" "$3/owner.lock"; ln "$1/owner.lock" "$4/owner.lock"; touch -d @0 "$3" "$4"',
    ...[`${elsewhere.path}/kept`, link, second, third],
  );
  await (await startFixture(BOTH[0]!, "echo", { scratchDir: scratch.path })).cleanup();
  assertEquals([scratch.names().length, filesBelow(elsewhere.path).length], [3, 2]);
  await shell('rm -r "$@"', link, second, third, `${elsewhere.path}/kept`);
});

Deno.test("a start leaves a checkout of this project, whatever is in it", async () => {
  await using scratch = await ScratchWatch.create();
  const [checkout, named] = [`${scratch.path}/remote-plugin-proxy`, `${scratch.path}/remote-plugin-0123456789abcdef`];
  await plant(checkout);
  await plant(named, "what I call a lock\n");
  for (const path of [checkout, named]) await Deno.utime(path, 0, 0);
  await (await startFixture(BOTH[0]!, "echo", { scratchDir: scratch.path })).cleanup();
  assertEquals([filesBelow(checkout).length, filesBelow(named).length], [2, 2]);
  await shell('rm -r "$@"', checkout, named);
});

for (const face of BOTH) {
  Deno.test(`${face.worker}: at its end a worker whose host is gone removes only a folder that says that it may be removed`, async () => {
    await using scratch = await ScratchWatch.create();
    await using programs = new ProgramFolder();
    for (const [line, isLeft] of [["mine\n", true], [OWNER_LINE, false]] as const) {
      const folder = `${scratch.path}/remote-plugin-0123456789abcdef`;
      await plant(folder, line);
      const { command, start } = await planWorker({
        ...face,
        transport: "tcp",
        fixture: "echo",
        folder,
        programFolder: programs.path,
        start: { folder },
      });
      const worker = await WorkerProcess.start({ command, input: `${JSON.stringify(start)}\n` });
      await worker[Symbol.asyncDispose]();
      assertEquals(filesBelow(scratch.path).length, isLeft ? 2 : 0);
      if (isLeft) await Deno.remove(folder, { recursive: true });
    }
  });
}

for (const face of BOTH) {
  Deno.test(`${face.worker}: a socketPath that names a file, a folder, a link or a pipe is an error that says so, and nothing is removed`, async () => {
    await using scratch = await ScratchWatch.create();
    const there = `${scratch.path}/there`;
    for (
      const [make, kind] of [['echo x > "$1"', "a file"], ['mkdir "$1"', "a folder"], ['ln -s nowhere "$1"', "a link"], [
        'mkfifo "$1"',
        "a pipe",
      ]]
    ) {
      await shell(make!, there);
      const start = startFixture({ ...face, transport: "unix" }, "echo", { scratchDir: scratch.path, socketPath: there });
      const error = await assertRejects(() => start, WorkerStartError);
      assertStringIncludes(error.message, `"${there}" is ${kind}`);
      assertEquals(scratch.names(), ["there"]);
      await shell('rm -r "$1"', there);
    }
  });

  Deno.test(`${face.worker}: a socket that a killed worker has left at socketPath is taken, and one that somebody listens at is not`, async () => {
    await using scratch = await ScratchWatch.create();
    const socketPath = `${scratch.path}/s.sock`;
    const bind = "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])";
    await new Deno.Command(testPython(), { args: ["-c", bind, socketPath] }).output();
    assertEquals(scratch.names(), ["s.sock"]);
    const plugin = await startFixture({ ...face, transport: "unix" }, "echo", { scratchDir: scratch.path, socketPath });
    const second = startFixture({ ...face, transport: "unix" }, "echo", { scratchDir: scratch.path, socketPath });
    assertStringIncludes((await assertRejects(() => second, WorkerStartError)).message, "another worker listens");
    assertEquals(await plugin.execute({ value: 1 }), { args: [], kwargs: { value: 1 } });
    await plugin.cleanup();
    assertEquals(scratch.names(), []);
  });

  Deno.test(`${face.worker}: what somebody has put in the place of its socket stays when a worker ends`, async () => {
    await using scratch = await ScratchWatch.create();
    const socketPath = `${scratch.path}/s.sock`;
    const plugin = await startFixture({ ...face, transport: "unix" }, "echo", { scratchDir: scratch.path, socketPath });
    await shell('rm "$1"; mkdir "$1"; echo x > "$1/precious"', socketPath);
    await plugin.cleanup();
    assertEquals(filesBelow(scratch.path), [`${socketPath}/precious`]);
    await shell('rm -r "$1"', socketPath);
  });
}

/** A call that runs, and the folder in which it has written a file. */
interface HeldWrite extends AsyncDisposable {
  readonly folder: string;
  readonly call: Promise<unknown>;
}

/** A call of a client that shares no folder with its worker, while it runs and has written a file. */
async function heldWrite({ url, token }: { url: string; token?: string | undefined }): Promise<HeldWrite> {
  const client = await RemotePluginProxy.attach({ url, token });
  const written = Promise.withResolvers<string>();
  const call = client.execute({ action: "hold_after_writing" }, { onProgress: ({ message }) => written.resolve(message) });
  call.catch(() => {});
  const folder = await within(written.promise, "a file of the call");
  return { folder, call, [Symbol.asyncDispose]: () => client.cleanup() };
}

Deno.test("python: what a call of a client that shares no folder writes goes with its killed worker", async () => {
  await using scratch = await ScratchWatch.create();
  await using plugin = await startFixture(BOTH[0]!, "hands_over", { scratchDir: scratch.path });
  await using held = await heldWrite(plugin.endpoint!);
  assertStringIncludes(held.folder, `${scratch.path}/`);
  Deno.kill(plugin.pid!, "SIGKILL");
  await assertRejects(() => held.call);
  await within(plugin.exited, "the worker's end");
  assertEquals(scratch.names(), []);
});

Deno.test("python: what a worker without a scratch folder writes is left alone while it lives, and swept when it was killed", async () => {
  await using scratch = await ScratchWatch.create();
  await using programs = new ProgramFolder();
  const folder = scratch.path;
  const { command, start } = await planWorker({
    ...BOTH[0]!,
    transport: "tcp",
    fixture: "hands_over",
    folder,
    programFolder: programs.path,
    start: { scratch: undefined },
  });
  await using worker = await WorkerProcess.start({ command, input: `${JSON.stringify(start)}\n`, variables: { TMPDIR: folder } });
  const { address, pid } = worker.hello as HelloMessage & { address: { tcp: string } };
  const endpoint = { url: `http://${address.tcp}`, token: start.token };
  {
    await using client = await RemotePluginProxy.attach(endpoint);
    const { file } = await client.execute<{ file: FileResult }>({ action: "write" });
    assertEquals(new TextDecoder().decode(await file.bytes()), "hello");
    await client.execute(); // The worker has cleaned up when it takes the next call.
    assertEquals(scratch.names(), []);
  }
  await using held = await heldWrite(endpoint);
  const [own] = scratch.names();
  assertStringIncludes(held.folder, `${folder}/${own}/`);
  await (await startFixture(BOTH[0]!, "echo", { scratchDir: folder })).cleanup();
  assertEquals(filesBelow(folder).includes(`${held.folder}/left.bin`), true);
  Deno.kill(pid, "SIGKILL");
  await assertRejects(() => held.call);
  await (await startFixture(BOTH[0]!, "echo", { scratchDir: folder })).cleanup();
  assertEquals(scratch.names(), []);
});
