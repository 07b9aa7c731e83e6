import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Address } from "../../src/protocol/address.ts";
import { fuzzRuns, fuzzSeed } from "../support/fuzz_settings.ts";
import { within } from "../support/guard.ts";
import { CutShort, RawConnection, type ReplyHead } from "../support/raw_http.ts";
import { brokenBareRequest, brokenRequest, type RequestCase, soundBareRequest, soundRequest } from "../support/request_cases.ts";
import { planWorker } from "../support/worker_plan.ts";
import { WORKERS } from "../support/fixtures.ts";
import { WorkerProcess } from "../support/worker_process.ts";

/** How many requests share a connection; the last of them is broken, and ends it. */
const BATCH = 10;

/** How many connections are open at once. */
const LANES = 4;

const STATUSES = [200, 400, 401, 403, 404, 405, 409, 411, 413, 426, 431, 500];

interface Target {
  readonly address: Address;
  readonly token: string;
}

interface Talk {
  readonly sound: readonly RequestCase[];
  readonly broken: RequestCase;
}

/** How requests are written and replies read. */
interface Wire {
  readonly name: string;
  readonly sound: fc.Arbitrary<RequestCase>;
  readonly broken: fc.Arbitrary<RequestCase>;
  readonly open: (target: Target) => Promise<RawConnection>;
  /** Reads one reply, and tells whether the connection closes after it. */
  readonly reply: (connection: RawConnection) => Promise<boolean>;
}

const WIRES: readonly Wire[] = [
  { name: "", sound: soundRequest, broken: brokenRequest, open: ({ address }) => RawConnection.open(address), reply: closesAfter },
  { name: ", upgraded", sound: soundBareRequest, broken: brokenBareRequest, open: openUpgraded, reply: bareReply },
];

async function talk({ sound, broken }: Talk, wire: Wire, target: Target): Promise<void> {
  using connection = await wire.open(target);
  await connection.write(bytesOf(sound.map(({ text }) => text).join(""), target));
  for (const { text } of sound) {
    // What was refused so that the connection closes takes what follows along.
    if (await within(wire.reply(connection), `a reply to ${JSON.stringify(text.slice(0, 2000))}`)) return;
  }
  await connection.write(bytesOf(broken.text, target));
  await connection.closeWrite();
  await within(untilEnd(connection, wire), `the end after ${JSON.stringify(broken.text.slice(0, 2000))}`);
}

async function openUpgraded(target: Target): Promise<RawConnection> {
  const connection = await RawConnection.open(target.address);
  const lines = [
    "GET /frames HTTP/1.1",
    "Host: localhost",
    "Authorization: Bearer TOKEN",
    "Connection: Upgrade",
    "Upgrade: remote-plugin-frames",
    `Remote-Plugin-Connection: ${crypto.randomUUID()}`,
  ];
  await connection.write(bytesOf(`${lines.join("\r\n")}\r\n\r\n`, target));
  assertEquals((await connection.readHead()).status, 101);
  return connection;
}

async function closesAfter(connection: RawConnection): Promise<boolean> {
  return (await reply(connection)).headers.get("connection") === "close";
}

/** A request that is sound closes nothing here: there is no header that would ask for it. */
async function bareReply(connection: RawConnection): Promise<boolean> {
  while (true) {
    const frame = JSON.parse(await connection.readLine());
    if (frame.refused !== undefined) {
      assert(STATUSES.includes(frame.refused.status), `${frame.refused.status} is no status of the protocol`);
    }
    if (["result", "error", "refused"].some((key) => Object.hasOwn(frame, key))) return false;
  }
}

async function reply(connection: RawConnection): Promise<ReplyHead> {
  const head = await connection.readHead();
  assert(STATUSES.includes(head.status), `${head.status} is no status of the protocol`);
  let text = "";
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for await (const piece of connection.readBody(head)) text += decoder.decode(piece, { stream: true });
  for (const line of text.split("\n")) if (line !== "") JSON.parse(line);
  return head;
}

/** Reads whatever replies come until the worker hangs up; one that it cuts short was abandoned by our hanging up. */
async function untilEnd(connection: RawConnection, wire: Wire): Promise<void> {
  try {
    while (!await connection.isEnded()) await wire.reply(connection);
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
  }
}

function bytesOf(text: string, { token }: Target): Uint8Array {
  return new TextEncoder().encode(text.replaceAll("TOKEN", token));
}

async function ask(endpoint: string, target: Target): Promise<Record<string, unknown>> {
  using connection = await RawConnection.open(target.address);
  await connection.write(bytesOf(`GET /${endpoint} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer TOKEN\r\n\r\n`, target));
  const head = await connection.readHead();
  let text = "";
  for await (const piece of connection.readBody(head)) text += new TextDecoder().decode(piece);
  return JSON.parse(text);
}

for (const { worker, wire } of WORKERS.flatMap((worker) => WIRES.map((wire) => ({ worker, wire })))) {
  Deno.test(`${worker} worker${wire.name}: whatever it is sent, it answers or hangs up, and goes on in the memory that it has`, async () => {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "rp-" }));
    try {
      const plan = await planWorker({ worker, transport: "unix", fixture: "gives_back", folder });
      await using process = await WorkerProcess.start({ command: plan.command, input: JSON.stringify(plan.start) + "\n" });
      const target = { address: process.address, token: plan.start.token };
      const { pid } = await ask("health", target);
      const talks = fc.array(
        fc.record({ sound: fc.array(wire.sound, { minLength: BATCH - 1, maxLength: BATCH - 1 }), broken: wire.broken }),
        {
          minLength: LANES,
          maxLength: LANES,
        },
      );
      const property = fc.asyncProperty(talks, async (all) => void await Promise.all(all.map((each) => talk(each, wire, target))));
      const numRuns = Math.ceil(fuzzRuns() / BATCH / LANES);
      await fc.assert(property, { numRuns, seed: fuzzSeed(`requests to the ${worker} worker${wire.name}`), endOnFailure: true });
      const { memory_rss_mb, calls } = await ask("stats", target) as { memory_rss_mb: number; calls: { running: number; queued: number } };
      assertEquals([(await ask("health", target)).pid, calls.running, calls.queued], [pid, 0, 0]);
      assert(memory_rss_mb < 300, `the worker has come to ${memory_rss_mb} MiB`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** A call that is sent ahead: how long it is, whether it is as this host sends most, and whether it is cancelled before it comes. */
interface Ahead {
  readonly padding: number;
  readonly isPlain: boolean;
  readonly cancelled: boolean;
}

const ahead: fc.Arbitrary<readonly Ahead[]> = fc.array(
  fc.record({ padding: fc.oneof(fc.nat(40), fc.nat(100_000)), isPlain: fc.boolean(), cancelled: fc.boolean() }),
  { minLength: 1, maxLength: 32 },
);

/** Sends calls ahead in pieces that end anywhere, each with a number, and looks for the numbers in the answers. */
async function talkAhead(calls: readonly Ahead[], cuts: readonly number[], target: Target): Promise<void> {
  const ids = calls.map(() => crypto.randomUUID());
  for (const [at, { cancelled }] of calls.entries()) if (cancelled) await cancelAhead(ids[at]!, target);
  using connection = await openUpgraded(target);
  const bytes = new TextEncoder().encode(
    calls.map(({ padding, isPlain }, at) => {
      const body = JSON.stringify({ ...(isPlain ? { args: [] } : {}), kwargs: { value: at } }) + " ".repeat(padding);
      return `execute ${body.length} call=${ids[at]}${isPlain ? " files=shared" : ""}\n${body}`;
    }).join(""),
  );
  const ends = [...new Set(cuts.map((cut) => cut % bytes.length))].toSorted((a, b) => a - b);
  const written = (async () => {
    for (const [at, end] of [...ends, bytes.length].entries()) await connection.write(bytes.subarray(at === 0 ? 0 : ends[at - 1], end));
  })();
  for (const [at, { cancelled }] of calls.entries()) {
    const { result, error } = JSON.parse(
      await within(connection.readLine(), `the answer to call ${at} of ${JSON.stringify([calls, cuts])}`),
    );
    assertEquals(cancelled ? error.code : result, cancelled ? "cancelled" : at);
  }
  await written;
}

async function cancelAhead(id: string, target: Target): Promise<void> {
  using connection = await openUpgraded(target);
  const body = JSON.stringify({ call_id: id, ahead: true });
  await connection.write(bytesOf(`cancel ${body.length}\n${body}`, target));
  assertEquals(JSON.parse(await connection.readLine()), { result: { status: "cancelled" } });
}

for (const lanes of [1, 3]) {
  Deno.test(`python worker, ${lanes} at once: calls that are sent ahead are answered in their order, each with its own answer`, async () => {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "rp-" }));
    try {
      const limits = { max_concurrency: lanes };
      const plan = await planWorker({ worker: "python", transport: "unix", fixture: "gives_back", folder, start: { limits } });
      await using process = await WorkerProcess.start({ command: plan.command, input: JSON.stringify(plan.start) + "\n" });
      const target = { address: process.address, token: plan.start.token };
      const talk = fc.tuple(ahead, fc.array(fc.nat(), { maxLength: 20 }));
      const property = fc.asyncProperty(
        fc.array(talk, { minLength: LANES, maxLength: LANES }),
        async (all) => void await Promise.all(all.map(([calls, cuts]) => talkAhead(calls, cuts, target))),
      );
      const numRuns = Math.ceil(fuzzRuns() / LANES / 16);
      await fc.assert(property, { numRuns, seed: fuzzSeed(`calls ahead, ${lanes} at once`), endOnFailure: true });
      const { calls } = await ask("stats", target) as { calls: { running: number; queued: number } };
      assertEquals([calls.running, calls.queued], [0, 0]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
