import { assertEquals, assertRejects } from "@std/assert";
import { RemotePluginProxy } from "@remote-plugin/proxy";
import type { HelloMessage, StartMessage } from "../../src/protocol/messages.ts";
import { eventually } from "../support/guard.ts";
import { planWorker } from "../support/worker_plan.ts";
import { WorkerProcess } from "../support/worker_process.ts";

/** Attaches to a fixture's worker that believes that it is on such a system. */
async function withoutEpoll(
  fixture: string,
  limits: Partial<StartMessage["limits"]>,
  use: (plugin: RemotePluginProxy) => Promise<void>,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "rp-" }));
  try {
    const { command, start } = await planWorker({ worker: "python", transport: "tcp", fixture, folder });
    const pack = command.find((argument) => argument.endsWith("/worker.py"))!;
    const shared = /^IS_SHARED = .*$/m;
    assertEquals(shared.test(await Deno.readTextFile(pack)), true);
    await Deno.writeTextFile(pack, (await Deno.readTextFile(pack)).replace(shared, "IS_SHARED = False"));
    await using worker = await WorkerProcess.start({
      command: [...command.slice(0, -1), "without-epoll"],
      input: `${JSON.stringify({ ...start, limits: { ...start.limits, ...limits } })}\n`,
    });
    const { address } = worker.hello as HelloMessage & { address: { tcp: string } };
    await using plugin = await RemotePluginProxy.attach({ url: `http://${address.tcp}`, token: start.token });
    await use(plugin);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("python: where a system cannot let threads wait for the same sockets, one of them reads for all", async () => {
  await withoutEpoll("holds", {}, async (plugin) => {
    const held = new AbortController();
    const running = assertRejects(() => plugin.execute({ hold: "a" }, { signal: held.signal }));
    await eventually(async () => String((await plugin.getCurrentConfig()).journal) === "start a", "the beginning of the call");
    const waiting = Promise.all(["b", "c", "d"].map((note) => plugin.execute({ note })));
    held.abort();
    await running;
    assertEquals(await waiting, ["b", "c", "d"]);
    assertEquals((await plugin.getCurrentConfig()).journal, ["start a", "end a", "b", "c", "d"]);
  });
});

Deno.test("python: on such a system calls are gathered as on any other", async () => {
  await withoutEpoll("gathers", { batch: { max_size: 4, max_wait_ms: 2_000 } }, async (plugin) => {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, value) => plugin.execute({ value })));
    assertEquals(answers, answers.map((_, value) => ({ value, size: 4 })));
    const last = plugin.execute({ value: 9 });
    await eventually(async () => (await plugin.getStats()).calls.running === 1, "the call that is gathered");
    await plugin.initialize({});
    assertEquals(await last, { value: 9, size: 1 });
  });
});
