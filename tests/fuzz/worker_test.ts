import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Address } from "../../src/protocol/messages.ts";
import { fuzzRuns, fuzzSeed } from "../support/fuzz_settings.ts";
import { within } from "../support/guard.ts";
import { CutShort, RawConnection, type ReplyHead } from "../support/raw_http.ts";
import { brokenRequest, type RequestCase, soundRequest } from "../support/request_cases.ts";
import { planWorker, WORKERS } from "../support/worker_plan.ts";
import { WorkerProcess } from "../support/worker_process.ts";

/** How many requests share a connection; the last of them is broken, and ends it. */
const BATCH = 10;

/** How many connections are open at once. */
const LANES = 4;

const STATUSES = [200, 400, 401, 403, 404, 405, 409, 411, 413, 431, 500];

interface Target {
  readonly address: Address;
  readonly token: string;
}

interface Talk {
  readonly sound: readonly RequestCase[];
  readonly broken: RequestCase;
}

async function talk({ sound, broken }: Talk, target: Target): Promise<void> {
  using connection = await RawConnection.open(target.address);
  await connection.write(bytesOf(sound.map(({ text }) => text).join(""), target));
  for (const { text } of sound) {
    const head = await within(reply(connection), `a reply to ${JSON.stringify(text.slice(0, 2000))}`);
    // What was refused so that the connection closes takes what follows along.
    if (head.headers.get("connection") === "close") return;
  }
  await connection.write(bytesOf(broken.text, target));
  await connection.closeWrite();
  await within(untilEnd(connection), `the end after ${JSON.stringify(broken.text.slice(0, 2000))}`);
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
async function untilEnd(connection: RawConnection): Promise<void> {
  try {
    while (!await connection.isEnded()) await reply(connection);
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

for (const worker of WORKERS) {
  Deno.test(`${worker} worker: whatever it is sent, it answers or hangs up, and goes on in the memory that it has`, async () => {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "rp-" }));
    try {
      const plan = await planWorker({ worker, transport: "unix", fixture: "gives_back", folder });
      await using process = await WorkerProcess.start({ command: plan.command, input: JSON.stringify(plan.start) + "\n" });
      const target = { address: process.address, token: plan.start.token };
      const { pid } = await ask("health", target);
      const talks = fc.array(
        fc.record({ sound: fc.array(soundRequest, { minLength: BATCH - 1, maxLength: BATCH - 1 }), broken: brokenRequest }),
        {
          minLength: LANES,
          maxLength: LANES,
        },
      );
      const property = fc.asyncProperty(talks, async (all) => void await Promise.all(all.map((each) => talk(each, target))));
      const numRuns = Math.ceil(fuzzRuns() / BATCH / LANES);
      await fc.assert(property, { numRuns, seed: fuzzSeed(`requests to the ${worker} worker`), endOnFailure: true });
      const { memory_rss_mb, calls } = await ask("stats", target) as { memory_rss_mb: number; calls: { running: number; queued: number } };
      assertEquals([(await ask("health", target)).pid, calls.running, calls.queued], [pid, 0, 0]);
      assert(memory_rss_mb < 300, `the worker has come to ${memory_rss_mb} MiB`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
