/**
 * The measuring process: takes requests, a line of JSON each, from standard input and answers them. It runs in Deno and in Node.
 *
 * @module
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { type Amounts, Bench } from "./measures.ts";
import { CannotError, type PeerFactory } from "./peer.ts";

/** What comes before an answer, for libraries print to standard output as well. */
export const ANSWER_MARK = "\u001ebench ";

/** A request: a measurement's name and amounts. */
export type Request = Amounts & { readonly measure: string };

/** Answers requests until standard input ends, then ends what was started. */
export async function serve(create: PeerFactory): Promise<void> {
  const bench = new Bench(create);
  for await (const line of createInterface({ input: process.stdin })) {
    const answer = await answerTo(bench, JSON.parse(line) as Request);
    process.stdout.write(`${ANSWER_MARK}${JSON.stringify(answer)}\n`);
  }
  await bench.stop();
  process.exit(0);
}

async function answerTo(bench: Bench, { measure, ...amounts }: Request): Promise<Record<string, unknown>> {
  try {
    return { values: await bench.run(measure, amounts) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return error instanceof CannotError ? { cannot: message } : { failed: message || String(error) };
  }
}
