// flags: --allow-read=$REPO/examples/shared/speech.wav,$REPO/examples/shared/speech.txt --allow-net=127.0.0.1 --allow-run=$DENO
// flags: --allow-env=PYTHON,PATH,TMPDIR,TMP,TEMP
/**
 * Plugins behind three servers: `Deno.serve()`, `deno serve`, and a hono app. Each has a page that uploads a recording and can stop what it has begun.
 *
 * `deno task example gateway` tries all three, as a browser would. `deno task example gateway hono` keeps one up, for a browser.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { TextLineStream } from "@std/streams";
import { Checks } from "../shared/checks.ts";
import { readSentences, SPEECH_WAV } from "../shared/recording.ts";
import { bold } from "../shared/terminal.ts";
import { repeated } from "./long_recording.ts";
import { Server, SERVERS } from "./servers.ts";

/** A part of the recording in which somebody speaks, in seconds. */
interface Segment {
  readonly start: number;
  readonly end: number;
}

/** A line of a reply. */
interface Frame {
  readonly progress?: number;
  readonly chunk?: Segment;
  readonly result?: unknown;
}

/** How far a segment may begin from where the sentence does, in seconds. */
const TOLERANCE = 0.25;

/** What the page sends: the form with the file. */
async function upload(server: Server, recording: Uint8Array<ArrayBuffer>): Promise<ReadableStream<Frame>> {
  const body = new FormData();
  body.append("audio", new File([recording], "speech.wav", { type: "audio/wav" }));
  const headers = { authorization: `Bearer ${server.token}`, accept: "application/vnd.remote-plugin+ndjson", origin: server.url };
  const response = await fetch(`${server.url}/plugins/speech/execute_stream`, { method: "POST", headers, body });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  const lines = response.body!.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  return lines.pipeThrough(new TransformStream({ transform: (line, controller) => controller.enqueue(JSON.parse(line)) }));
}

async function tryServer(checks: Checks, server: Server): Promise<void> {
  console.log(`${bold(server.name)} listens at ${server.url}`);
  const recording = await Deno.readFile(SPEECH_WAV);
  const page = await (await fetch(server.url)).text();
  checks.that(`${server.name}: the page comes`, page.includes("<form>"));
  const segments = (await Array.fromAsync(await upload(server, recording))).flatMap(({ chunk }) => chunk ?? []);
  const sentences = await readSentences();
  const starts = segments.map(({ start }) => start);
  checks.that(
    `${server.name}: what was uploaded is heard where it was said`,
    sentences.every(({ start }) => starts.some((found) => Math.abs(found - start) <= TOLERANCE)),
    starts.join(", "),
  );
  await stopEarly(checks, server, recording);
}

/** A user who clicks on "Stop" leaves the reply, and so does a page that is closed. */
async function stopEarly(checks: Checks, server: Server, recording: Uint8Array<ArrayBuffer>): Promise<void> {
  let last = 0;
  // Whoever leaves the loop has closed the connection.
  for await (const { progress } of await upload(server, repeated(recording, 200))) {
    last = Math.max(last, progress ?? 0);
    if (last > 0) break;
  }
  checks.that(`${server.name}: a browser that stops has stopped before the end`, last < 1, `${last}`);
  // One call runs at a time: this one is answered when the one that was stopped has ended.
  const { length } = await Array.fromAsync(await upload(server, recording));
  checks.that(`${server.name}: a call that was stopped has let go of the plugin`, length > 0);
}

async function main(): Promise<void> {
  const [chosen] = Deno.args;
  if (chosen !== undefined) return await stay(chosen);
  const checks = new Checks();
  for (const name of Object.keys(SERVERS)) {
    await using server = await Server.start(name as keyof typeof SERVERS);
    await tryServer(checks, server);
  }
  checks.report();
}

/** Keeps one server up until Ctrl-C. */
async function stay(name: string): Promise<void> {
  if (!Object.hasOwn(SERVERS, name)) throw new Error(`There is no server "${name}", only ${Object.keys(SERVERS).join(", ")}`);
  await using server = await Server.start(name as keyof typeof SERVERS);
  console.log(
    `Open ${server.url} and upload "${fromFileUrl(new URL("../shared/speech.wav", import.meta.url))}". The token is ${server.token}`,
  );
  await new Promise<void>((resolve) => Deno.addSignalListener("SIGINT", resolve));
}

if (Deno.env.has("PYTHON")) await main();
else {
  console.log("Skipped: there is no Python 3.8 or later");
  Deno.exitCode = 77;
}
