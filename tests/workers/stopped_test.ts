import { assertEquals, assertRejects } from "@std/assert";
import { CallTimeoutError } from "@remote-plugin/proxy";
import { within } from "../support/guard.ts";
import { spawnHost } from "../support/run_host.ts";
import { BOTH, fixtureManifest, labelOf, ScratchWatch, startFixture } from "../support/fixture_proxy.ts";

/** Counts the ticks of one plugin. */
class TickCounter implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #counting: Promise<void>;
  #count = 0;
  #wake: () => void = () => {};

  constructor() {
    this.#counting = this.#read();
  }

  get address(): string {
    return `127.0.0.1:${this.#listener.addr.port}`;
  }

  get count(): number {
    return this.#count;
  }

  async reaches(count: number): Promise<void> {
    while (this.#count < count) await within(new Promise<void>((resolve) => this.#wake = resolve), `tick ${count}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#counting.catch(() => {});
  }

  async #read(): Promise<void> {
    const connection = await this.#listener.accept();
    for await (const text of connection.readable.pipeThrough(new TextDecoderStream())) {
      this.#count += text.split("\n").length - 1;
      this.#wake();
    }
  }
}

const limits = { idleTimeoutMs: 1_000, timeoutMs: 2_000 };

for (const face of BOTH) {
  const label = labelOf(face);

  Deno.test(`${label}: a host that was stopped for longer than its limits still gets the chunks and the result that came meanwhile`, async () => {
    await using scratch = await ScratchWatch.create();
    await using ticks = new TickCounter();
    const manifest = { ...await fixtureManifest(face, "ticks"), max_concurrency: 2 };
    const options = { scratchDir: scratch.path, permissions: "requested" };
    const host = spawnHost("reads_ticks", ["--allow-all"], [manifest, options, ticks.address, limits]);
    const errors = new Response(host.stderr).text();
    let stdout = "";
    for await (const text of host.stdout.pipeThrough(new TextDecoderStream())) {
      const isFirst = stdout === "";
      stdout += text;
      if (!isFirst) continue;
      host.kill("SIGSTOP");
      // Longer than either limit, by the plugin's own clock.
      await ticks.reaches(ticks.count + 25);
      host.kill("SIGCONT");
    }
    assertEquals([(await host.status).code, await errors], [0, ""]);
    const lines = stdout.trim().split("\n");
    const chunks = Array.from({ length: 40 }, (_, number) => `chunk ${number}`);
    assertEquals([lines.filter((line) => line.startsWith("chunk")), lines.includes("result 12")], [chunks, true]);
  });

  Deno.test(`${label}: a worker that is stopped is silent, and the limits hold`, async () => {
    await using ticks = new TickCounter();
    await using plugin = await startFixture(face, "ticks", { cancelBudgetMs: 300 });
    const read = async () => {
      for await (const chunk of plugin.executeStream({ witness: ticks.address, count: 40 }, { idleTimeoutMs: 1_000 })) {
        if (chunk === 2) Deno.kill(plugin.pid!, "SIGSTOP");
      }
    };
    const error = await assertRejects(read, CallTimeoutError, "gave no sign of life for 1000 ms");
    assertEquals(error.idle, true);
  });

  Deno.test(`${label}: a worker that was stopped reads what a caller had sent before it takes him for a stranger`, async () => {
    await using plugin = await startFixture(face, "ticks");
    const path = plugin.endpoint!.url.slice("unix:".length);
    using early = await Deno.connect({ transport: "unix", path });
    // Its first byte shows that the worker knows of the connection.
    const request = new TextEncoder().encode(
      `GET /health HTTP/1.1\r\nhost: worker\r\nauthorization: Bearer ${plugin.endpoint!.token}\r\n\r\n`,
    );
    await early.write(request.subarray(0, 1));
    await plugin.getStats();
    Deno.kill(plugin.pid!, "SIGSTOP");
    await early.write(request.subarray(1));
    // The time after which a stranger is sent away.
    await new Promise((resolve) => setTimeout(resolve, 5_200));
    Deno.kill(plugin.pid!, "SIGCONT");
    const reply = new Uint8Array(64);
    const length = await within(early.read(reply), "the answer");
    assertEquals(new TextDecoder().decode(reply.subarray(0, length ?? 0)).split("\r\n")[0], "HTTP/1.1 200 OK");
  });
}
