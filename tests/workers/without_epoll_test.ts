import { assertEquals, assertRejects } from "@std/assert";
import { RemotePluginProxy } from "@remote-plugin/proxy";
import type { HelloMessage } from "../../src/protocol/messages.ts";
import { eventually } from "../support/guard.ts";
import { planWorker } from "../support/worker_plan.ts";
import { WorkerProcess } from "../support/worker_process.ts";

Deno.test("python: where a system cannot let threads wait for the same sockets, one of them reads for all", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "rp-" }));
  try {
    const { command, start } = await planWorker({ worker: "python", transport: "tcp", fixture: "holds", folder });
    const pack = command.find((argument) => argument.endsWith("/worker.py"))!;
    const shared = /^IS_SHARED = .*$/m;
    assertEquals(shared.test(await Deno.readTextFile(pack)), true);
    await Deno.writeTextFile(pack, (await Deno.readTextFile(pack)).replace(shared, "IS_SHARED = False"));
    await using worker = await WorkerProcess.start({
      command: [...command.slice(0, -1), "without-epoll"],
      input: `${JSON.stringify(start)}\n`,
    });
    const { address } = worker.hello as HelloMessage & { address: { tcp: string } };
    await using plugin = await RemotePluginProxy.attach({ url: `http://${address.tcp}`, token: start.token });
    const held = new AbortController();
    const running = assertRejects(() => plugin.execute({ hold: "a" }, { signal: held.signal }));
    await eventually(async () => String((await plugin.getCurrentConfig()).journal) === "start a", "the beginning of the call");
    const waiting = Promise.all(["b", "c", "d"].map((note) => plugin.execute({ note })));
    held.abort();
    await running;
    assertEquals(await waiting, ["b", "c", "d"]);
    assertEquals((await plugin.getCurrentConfig()).journal, ["start a", "end a", "b", "c", "d"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
