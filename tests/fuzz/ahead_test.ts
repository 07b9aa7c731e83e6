import { assert, assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import fc from "fast-check";
import { BrokenReplyError, MalformedReplyError, RefusedError } from "../../src/transport/errors.ts";
import { UpgradedTransport } from "../../src/transport/upgraded.ts";
import type { UpgradedReply } from "../../src/transport/upgraded_reply.ts";
import { type AheadCase, aheadCase, type SoundReply } from "../support/ahead_cases.ts";
import { fuzzRuns, fuzzSeed } from "../support/fuzz_settings.ts";
import { within } from "../support/guard.ts";

const UPGRADED = new TextEncoder().encode("HTTP/1.1 101 Switching Protocols\r\nUpgrade: remote-plugin-frames\r\n\r\n");

/** A worker's end of a connection in memory: it upgrades it, says what it was given, piece by piece, and hangs up. */
class Liar {
  readonly #pieces: Uint8Array[];

  constructor(pieces: readonly Uint8Array[]) {
    this.#pieces = [UPGRADED, ...pieces];
  }

  read(into: Uint8Array): Promise<number | null> {
    const piece = this.#pieces.shift();
    if (piece === undefined) return Promise.resolve(null);
    into.set(piece);
    return Promise.resolve(piece.length);
  }

  write(bytes: Uint8Array): Promise<number> {
    return Promise.resolve(bytes.length);
  }

  close(): void {}
}

/** What came of one request. */
interface Outcome {
  readonly frames: readonly unknown[];
  readonly error?: unknown;
}

async function outcomeOf(reply: UpgradedReply): Promise<Outcome> {
  const frames: unknown[] = [];
  try {
    for await (const frame of reply) frames.push(frame);
    return { frames };
  } catch (error) {
    return { frames, error };
  }
}

async function tryCase({ replies, damage, pieces }: AheadCase): Promise<void> {
  using _connect = stub(Deno, "connect", () => Promise.resolve(new Liar(pieces) as never));
  using transport = UpgradedTransport.at({ url: "unix:/memory", token: "token" })!;
  const sent = replies.map((_, n) => transport.sendAhead({ endpoint: "execute", callId: `${n}` }, 0) as UpgradedReply);
  // What follows on the last reply of all makes that no reply.
  const isSafe = (n: number) => damage?.isCut || n < replies.length - 1;
  const outcomes = await within(Promise.all(sent.map(outcomeOf)), "an answer to each request");
  const intact = replies.filter(({ end }, n) => damage === undefined || end < damage.at || (end === damage.at && isSafe(n))).length;
  for (const [n, outcome] of outcomes.entries()) {
    if (n < intact) checkSound(replies[n]!, outcome);
    else if (damage?.isCut) checkCut(outcome, n > intact);
    else checkTyped(outcome);
  }
}

/** What came as it was meant is what its own caller gets, whatever follows on it. */
function checkSound({ frames, isRefused }: SoundReply, outcome: Outcome): void {
  assertEquals(outcome.frames, frames);
  assert(isRefused ? outcome.error instanceof RefusedError : outcome.error === undefined, String(outcome.error));
}

/** When nothing more comes, only the first request that is not answered may have begun. */
function checkCut({ frames, error }: Outcome, isBehind: boolean): void {
  assert(error instanceof BrokenReplyError, String(error));
  assertEquals([error.wasBehind, isBehind && frames.length > 0], [isBehind, false]);
}

function checkTyped({ error }: Outcome): void {
  const isTyped = error instanceof BrokenReplyError || error instanceof MalformedReplyError || error instanceof RefusedError;
  assert(error === undefined || isTyped, String(error));
}

Deno.test("whatever a worker sends for several requests at once, each gets its own answer or one typed error, and only the first unanswered may have begun", async () => {
  const seed = fuzzSeed("several replies");
  await fc.assert(fc.asyncProperty(aheadCase, tryCase), { numRuns: fuzzRuns(), seed, endOnFailure: true });
});
