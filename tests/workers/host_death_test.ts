import { assertLess } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { hostArguments, hostProgram } from "../support/run_host.ts";
import { median, summary } from "../support/summary.ts";
import { Witness } from "../support/witness.ts";
import { BOTH, fixtureManifest, ScratchWatch } from "../support/fixture_proxy.ts";
import { testPython } from "../support/python.ts";

/** How a host comes to its end. The last two are a person's doing, at a terminal. */
const WAYS = ["kill", "exit", "throw", "close", "interrupt"] as const;

/** What the workers are at when it happens: nothing, a loop, or C code that holds Python's lock. */
const MODES = { python: ["idle", "spins", "holds_gil"], deno: ["idle", "spins"] } as const;

/** Each host has five workers, and each of these has started a program. */
const HOSTS_PER_WAY = 8;

/** How many hosts live at once. */
const BATCH = 2;

/** Opens a door of its own, and then waits for the witness to hang up. */
const CHILD = `import socket,sys
host, port = sys.argv[1].split(":")
door = socket.create_connection((host, int(port)))
door.sendall(sys.argv[2].encode() + b"\\n")
door.recv(1)`;

interface Plan {
  readonly manifest: unknown;
  readonly kwargs: Readonly<Record<string, unknown>>;
}

async function plans(witness: Witness, host: string): Promise<Plan[]> {
  const all = BOTH.flatMap((face) => MODES[face.worker].map((mode) => ({ face, mode })));
  return await Promise.all(all.map(async ({ face, mode }) => {
    const label = `${host} ${face.worker} ${mode}`;
    const child = [testPython(), "-S", "-c", CHILD, witness.address, `${label} child`];
    return { manifest: await fixtureManifest(face, "witnessed"), kwargs: { witness: witness.address, label, child, mode } };
  }));
}

/** A host program and whoever started it; `act` has it end. */
class Host implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #way: typeof WAYS[number];

  constructor(way: typeof WAYS[number], options: { args: readonly unknown[]; temp: string }) {
    this.#way = way;
    const command = [
      Deno.execPath(),
      ...hostArguments(),
      "--allow-all",
      hostProgram("ends_badly"),
      ...options.args.map((arg) => JSON.stringify(arg)),
    ];
    const terminal = way === "close" || way === "interrupt";
    if (terminal) command.unshift(testPython(), fromFileUrl(new URL("../support/in_terminal.py", import.meta.url)));
    const env = { TMPDIR: options.temp };
    this.#child = new Deno.Command(command[0]!, { args: command.slice(1), env, stdin: "piped", stdout: "null", stderr: "null" }).spawn();
  }

  async act(): Promise<void> {
    if (this.#way === "kill") return this.#child.kill("SIGKILL");
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`${this.#way}\n`));
    writer.releaseLock();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close().catch(() => {});
    await this.#child.status;
  }
}

/** Has one host end; how many milliseconds each of the others outlived it. */
async function outlived(witness: Witness, host: Host, { name, others }: { name: string; others: readonly string[] }): Promise<number[]> {
  await host.act();
  const end = await witness.end(name);
  return await Promise.all(others.map(async (other) => Math.max(0, await witness.end(other) - end)));
}

// W3, W4, W35: the kernel tells of the host's end, whatever its process id, and nobody has to print or to wait.
Deno.test("however a host dies, its workers and the programs that they have started are gone within 100 ms: 200 workers", async () => {
  await using witness = new Witness();
  await using scratch = await ScratchWatch.create();
  const times = new Map<string, number[]>(WAYS.map((way) => [way, []]));
  const all = WAYS.flatMap((way) => Array.from({ length: HOSTS_PER_WAY }, (_, number) => ({ way, name: `${way} ${number}` })));
  for (let first = 0; first < all.length; first += BATCH) {
    await using hosts = new AsyncDisposableStack();
    const batch = await Promise.all(
      all.slice(first, first + BATCH).map(async ({ way, name }) => {
        const args = [await plans(witness, name), { witness: witness.address, label: name }] as const;
        const labels = args[0].map(({ kwargs }) => String(kwargs.label));
        const host = hosts.use(new Host(way, { args, temp: scratch.path }));
        return { way, host, name, others: labels.flatMap((label) => [label, `${label} child`]) };
      }),
    );
    await witness.present(batch.flatMap(({ name, others }) => [name, ...others]));
    for (const { way, host, name, others } of batch) times.get(way)!.push(...await outlived(witness, host, { name, others }));
  }
  for (const [way, measured] of times) console.log(`${way}: ${summary(measured)}`);
  // A machine that is busy with something else is not what is tested; the printed figures tell what was.
  for (const measured of times.values()) assertLess(median(measured), 100);
});
