/**
 * The recording that the examples work on, and what is said in it.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";

/** The path of the recording. */
export const SPEECH_WAV: string = fromFileUrl(new URL("speech.wav", import.meta.url));

/** The path of the text that tells what is said in it. */
export const SPEECH_TXT: string = fromFileUrl(new URL("speech.txt", import.meta.url));

/** A sentence of the recording. */
export interface Sentence {
  /** Where it begins, in seconds. */
  readonly start: number;
  /** Where it ends, in seconds. */
  readonly end: number;
  /** What is said. */
  readonly text: string;
}

/** Reads what is said, in order. */
export async function readSentences(): Promise<Sentence[]> {
  const lines = (await Deno.readTextFile(SPEECH_TXT)).trimEnd().split("\n");
  return lines.map((line) => {
    const [start, end, text = ""] = line.split("\t");
    return { start: Number(start), end: Number(end), text };
  });
}
