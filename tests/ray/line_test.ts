import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CallError, ProtocolError, WorkerExitError } from "@remote-plugin/proxy";
import type { AgentAddress } from "@remote-plugin/proxy/ray";
import { pattern, sha1 } from "../support/bytes.ts";
import { CutWire } from "../support/cut_wire.ts";
import { FakeRay } from "../support/fake_ray.ts";
import { gone, isRunning } from "../support/fixture_proxy.ts";
import { eventually } from "../support/guard.ts";
import type { Described } from "../support/handed_over.ts";
import { type OnRay, startOnRay } from "../support/ray_plugins.ts";

const LEASE_MS = 2_500;
const MIB = 1024 * 1024;

/** A plugin behind a wire that can be cut, and the process of its worker. */
async function behindWire(owned: AsyncDisposableStack, { manifest, ray }: OnRay = {}) {
  const fake = owned.use(await FakeRay.start());
  const wire = owned.use(new CutWire());
  const plugin = owned.use(await startOnRay(fake, "evaluates", { manifest, ray: { leaseMs: LEASE_MS, reach: wire.reach, ...ray } }));
  const pid = await plugin.execute({ expression: "os.getpid()", modules: ["os"] }) as number;
  return { fake, wire, plugin, pid };
}

Deno.test("an agent that is killed takes its worker along, and the call that ran has its error", async () => {
  await using owned = new AsyncDisposableStack();
  const { fake, plugin, pid } = await behindWire(owned, { ray: { reach: undefined } });
  const call = plugin.execute({ expression: "time.sleep(600)", modules: ["time"] });
  await eventually(() => fake.jobs.length === 1, "the job");
  Deno.kill(fake.pid, "SIGKILL");
  const error = await assertRejects(() => call, WorkerExitError);
  assertStringIncludes(error.message, "was lost");
  assertStringIncludes((await plugin.exited).lost!, "nothing answers any more at its agent on node 127.0.0.1");
  await gone(pid);
  await eventually(() => fake.jobs.length === 0, "the end of its job");
});

Deno.test("a file that outgrows the worker's quota on its way through the agent fails its call, and the next one arrives whole", async () => {
  await using fake = await FakeRay.start();
  await using plugin = await startOnRay(fake, "hands_over", { scratchQuota: 8 * MIB });
  const endless = new Blob([pattern(30 * MIB)]).stream();
  const error = await assertRejects(() => plugin.execute({ data: endless }), CallError);
  assertEquals(error.code, "no_room");
  const data = pattern(7 * MIB);
  const seen = await plugin.execute<Record<string, Described>>({ data });
  assertEquals(seen.data!.sha1, await sha1(data));
});

Deno.test("after a crash a new worker is a new job", async () => {
  await using owned = new AsyncDisposableStack();
  const { fake, plugin, pid } = await behindWire(owned, { manifest: { restart: { mode: "on_failure", initial_delay_ms: 1 } } });
  const before = plugin.placement!.job;
  Deno.kill(fake.pid, "SIGKILL");
  await gone(pid);
  await eventually(() => plugin.placement?.job !== before, "the next worker");
  assertEquals(await plugin.execute({ expression: "1 + 1" }), 2);
});

Deno.test("a line that breaks is found again, and what was printed meanwhile arrives in order", async () => {
  await using owned = new AsyncDisposableStack();
  const { wire, plugin, pid } = await behindWire(owned, { ray: { leaseMs: 20_000 } });
  const lines: string[] = [];
  const reading = (async () => {
    for await (const { text, stream } of plugin.logs) if (stream !== "host") lines.push(text);
  })();
  await plugin.execute({
    expression: "threading.Thread(target=lambda: [(print(n), time.sleep(0.02)) for n in range(60)]).start()",
    modules: ["threading", "time"],
  });
  await eventually(() => lines.length > 3, "the first lines");
  wire.cut();
  const broken = await plugin.execute({ expression: "1" }).catch((error) => error);
  assert(broken instanceof ProtocolError, String(broken));
  wire.mend();
  await eventually(() => lines.length === 60, "all lines");
  assertEquals(lines, Array.from({ length: 60 }, (_, n) => String(n)));
  assertEquals([await plugin.execute({ expression: "os.getpid()", modules: ["os"] }), await isRunning(pid)], [pid, true]);
  await plugin.cleanup();
  await reading;
});

Deno.test("of a flood that nobody hears the last is kept, and how much is lost is told", async () => {
  await using owned = new AsyncDisposableStack();
  const { wire, plugin } = await behindWire(owned, { ray: { leaseMs: 20_000 } });
  const lines: string[] = [];
  const reading = (async () => {
    for await (const { text } of plugin.logs) lines.push(text);
  })();
  await plugin.execute({
    expression: "threading.Thread(target=lambda: [print('line', n, 'x' * 1000) for n in range(6000)] and print('last')).start()",
    modules: ["threading"],
  });
  wire.cut();
  await new Promise((resolve) => setTimeout(resolve, 1_000)); // Nobody tells what is printed while nobody listens.
  wire.mend();
  await eventually(() => lines.includes("last"), "the last line");
  assert(lines.some((line) => /^\d+ pieces of output are lost/.test(line)), lines.filter((line) => !line.startsWith("line")).join());
  await plugin.cleanup();
  await reading;
});

Deno.test("a network that lets nothing through for less than the lease holds up a call, and ends none", async () => {
  await using owned = new AsyncDisposableStack();
  const { wire, plugin } = await behindWire(owned, { ray: { leaseMs: 6_000 } });
  wire.silence();
  const before = wire.count;
  const call = plugin.execute({ expression: "'through'" });
  await eventually(() => wire.count > before, "another connection to be tried"); // The line is suspect after half of the lease.
  wire.mend();
  assertEquals(await call, "through");
  assertEquals(await plugin.execute({ expression: "1" }), 1);
});

Deno.test("a network that lets nothing through for longer ends the worker on both sides", async () => {
  await using owned = new AsyncDisposableStack();
  const { wire, plugin, pid, fake } = await behindWire(owned);
  const begun = performance.now();
  wire.silence();
  const error = await assertRejects(() => plugin.execute({ expression: "time.sleep(600)", modules: ["time"] }), WorkerExitError);
  const tookMs = performance.now() - begun;
  assert(tookMs >= LEASE_MS - 1_000, String(tookMs));
  assertStringIncludes(error.message, "nothing was heard of node 127.0.0.1 for 2.5 s");
  assertStringIncludes(error.message, "Nothing was heard of node");
  await gone(pid);
  await eventually(() => fake.jobs.length === 0, "the end of its job");
});

Deno.test("a stranger is hung up on without a word, whatever it says, and harms nobody", async () => {
  await using owned = new AsyncDisposableStack();
  const fake = owned.use(await FakeRay.start());
  const plugin = owned.use(await startOnRay(fake, "evaluates"));
  const { host: hostname, port } = JSON.parse(/\{.*\}/.exec(fake.jobs[0]!.log)![0]) as { host: string; port: number };
  const strangers = [
    "GET / HTTP/1.1\r\n\r\n",
    '{"secret": "wrong", "to": "agent"}\n{"close": true}\n',
    '{"to": "worker"}\n',
    '{"secret": 1, "to": "agent"}\n',
    `${"[".repeat(100_000)}\n`,
    "x".repeat(100_000),
    "\n",
    "\xff\xfe\n",
  ];
  for (const said of strangers) {
    using conn = await Deno.connect({ hostname, port });
    await conn.write(new TextEncoder().encode(said)).catch(() => 0);
    const heard = await conn.read(new Uint8Array(10)).catch(() => null);
    assertEquals(heard, null, said.slice(0, 40));
  }
  // Those that say nothing do not keep others out.
  const silent = await Promise.all(Array.from({ length: 100 }, () => Deno.connect({ hostname, port })));
  assertEquals(await plugin.execute({ expression: "1 + 1" }), 2);
  for (const conn of silent) conn.close();
});

Deno.test("whoever takes the agent's place later is told nothing of what the plugin was started with", async () => {
  await using owned = new AsyncDisposableStack();
  const fake = owned.use(await FakeRay.start());
  const impostor = owned.use(Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const wire = owned.use(new CutWire());
  let isTaken = false;
  const reach = (agent: AgentAddress) => isTaken ? { hostname: "127.0.0.1", port: impostor.addr.port } : wire.reach(agent);
  const manifest = { env_vars: { OWN: "for the plugin alone" } };
  const plugin = await startOnRay(fake, "evaluates", { manifest, ray: { reach, leaseMs: LEASE_MS } });
  isTaken = true;
  wire.cut();
  using conn = await impostor.accept();
  await conn.write(new TextEncoder().encode('{"agent":1,"first":1}\n'));
  let heard = "";
  while (!heard.includes('{"received"')) heard += await readText(conn); // A beat comes after all that is said on each connection.
  assertEquals(["run", "in", "for the plugin alone"].filter((word) => heard.includes(word === "in" ? '{"in"' : word)), []);
  conn.close();
  await plugin.cleanup();
  await eventually(() => fake.jobs.length === 0, "the end of the job");
});

async function readText(conn: Deno.Conn): Promise<string> {
  const block = new Uint8Array(4_096);
  return new TextDecoder().decode(block.subarray(0, await conn.read(block) ?? 0));
}

Deno.test("two hosts on one cluster know nothing of each other", async () => {
  await using fake = await FakeRay.start();
  await using one = await startOnRay(fake, "evaluates");
  const other = await startOnRay(fake, "evaluates");
  assertEquals(fake.jobs.length, 2);
  await other.cleanup();
  assertEquals([await one.execute({ expression: "1" }), fake.jobs.length], [1, 1]);
});
