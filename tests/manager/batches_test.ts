import { assertEquals } from "@std/assert";
import { RemotePluginProxy } from "@remote-plugin/proxy";
import { createGateway } from "@remote-plugin/proxy/gateway";
import { BOTH, fixtureManifest, labelOf } from "../support/fixture_proxy.ts";
import { ManagerWatch } from "../support/managed_plugins.ts";

/** Long enough for all calls of a test to come, which fill the batch. */
const batch = { max_size: 4, max_wait_ms: 2_000 };

interface Answer {
  readonly value: number;
  readonly size: number;
}

const ANSWERS = Array.from({ length: 8 }, (_, value): Answer => ({ value, size: 4 }));

for (const face of BOTH) {
  Deno.test(`${labelOf(face)}: calls of a managed plugin fill batches, and one worker takes two of them before a second one is started`, async () => {
    const manifests = [{ ...await fixtureManifest(face, "gathers"), batch }];
    await using watch = await ManagerWatch.create({ manifests, replicas: { max: 2 } });
    const plugin = watch.manager.get("gathers");
    const calls = Array.from({ length: 8 }, (_, value) => plugin.execute<Answer>({ value }));
    assertEquals([await Promise.all(calls), watch.workers], [ANSWERS, 1]);
    const { maxConcurrency, batch: told } = watch.manager.info("gathers");
    assertEquals([maxConcurrency, told], [2, batch]);
  });

  Deno.test(`${labelOf(face)}: clients of the gateway have their calls run together`, async () => {
    await using watch = await ManagerWatch.create({ manifests: [{ ...await fixtureManifest(face, "gathers"), batch }] });
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      createGateway(watch.manager, { token: "let-me-in" }),
    );
    const url = `http://127.0.0.1:${server.addr.port}/gathers`;
    await using attached = await RemotePluginProxy.attach({ url, token: "let-me-in" });
    const asked = async (value: number): Promise<Answer> => {
      const headers = { authorization: "Bearer let-me-in" };
      return await (await fetch(`${url}/execute`, { method: "POST", headers, body: JSON.stringify({ kwargs: { value } }) })).json();
    };
    const calls = [0, 1, 2, 3, 4, 5, 6, 7].map((value) => value % 2 === 0 ? attached.execute<Answer>({ value }) : asked(value));
    assertEquals(await Promise.all(calls), ANSWERS);
  });
}
