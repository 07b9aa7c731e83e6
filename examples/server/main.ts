// flags: --allow-read=$HERE,$TMP --allow-write=$TMP --allow-net=127.0.0.1 --allow-run=$PYTHON --allow-env=PYTHON,TMPDIR,TMP,TEMP
/**
 * A web server that streams a Python plugin's chunks to the browser as server-sent events.
 *
 * `deno task example server` tries it on itself, `deno task example server --serve` keeps it up at port 8000.
 *
 * @module
 */
import { type ServerSentEventMessage, ServerSentEventStream } from "@std/http/server-sent-event-stream";
import { TextLineStream } from "@std/streams";
import { RemotePluginProxy } from "@remote-plugin/proxy";
import { Checks } from "../shared/checks.ts";
import { bold, ProgressBar } from "../shared/terminal.ts";
import { page } from "./page.ts";

const SIZE = { width: 300, height: 200 };

/** What can be looked at: the middle, how wide a part, and how many steps are tried before a point counts as one of the set. */
const PLACES = {
  everything: { x: -0.75, y: 0, span: 3.3, depth: 90 },
  seahorses: { x: -0.745, y: 0.113, span: 0.013, depth: 500 },
  elephants: { x: 0.2855, y: 0.0105, span: 0.011, depth: 350 },
};
const FIRST = "everything";

/** A server-sent event. */
interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** What the plugin yields: a row of the picture, and how many rows it stands for until better ones come. */
interface Row {
  readonly row: number;
  readonly rows: number;
  readonly depths: readonly number[];
}

function handle(plugin: RemotePluginProxy, request: Request): Response {
  const { pathname, searchParams } = new URL(request.url);
  const place = searchParams.get("place") ?? FIRST;
  if (!Object.hasOwn(PLACES, place)) return new Response("There is no such place", { status: 404 });
  if (pathname === "/") {
    return new Response(page({ place, places: Object.keys(PLACES), ...SIZE }), { headers: { "content-type": "text/html; charset=utf-8" } });
  }
  if (pathname !== "/picture") return new Response("Not found", { status: 404 });
  return new Response(eventStream((signal) => pictureEvents(plugin, place as keyof typeof PLACES, signal)), {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}

/** A response's body from events. When the browser goes, the signal that the events depend on is aborted. */
function eventStream(begin: (signal: AbortSignal) => AsyncGenerator<ServerSentEvent, void, void>): ReadableStream<Uint8Array> {
  const gone = new AbortController();
  const events = begin(gone.signal);
  const source = new ReadableStream<ServerSentEventMessage>({
    async pull(controller): Promise<void> {
      const { value, done } = await events.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(): Promise<void> {
      gone.abort();
      await events.return();
    },
  });
  return source.pipeThrough(new ServerSentEventStream());
}

/** The plugin's chunks and its progress as events, in their order. */
async function* pictureEvents(
  plugin: RemotePluginProxy,
  place: keyof typeof PLACES,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent, void, void> {
  const { depth } = PLACES[place];
  const begun = performance.now();
  const reports: ServerSentEvent[] = [];
  const onProgress = (progress: unknown) => void reports.push({ event: "progress", data: JSON.stringify(progress) });
  try {
    for await (const { row, rows, depths } of plugin.executeStream<Row>({ ...PLACES[place], ...SIZE }, { onProgress, signal })) {
      yield* reports.splice(0);
      yield { event: "row", data: JSON.stringify({ row, rows, parts: depths.map((value) => round(value / depth)) }) };
    }
    yield { event: "end", data: `${SIZE.height} rows in ${round((performance.now() - begun) / 1000)} s` };
  } catch (error) {
    if (!signal.aborted) yield { event: "failed", data: error instanceof Error ? error.message : String(error) };
  }
}

function round(value: number): number {
  return Math.round(1000 * value) / 1000;
}

// ---- how it is tried

async function* readEvents(response: Response): AsyncGenerator<ServerSentEvent, void, void> {
  let fields = new Map<string, string>();
  for await (const line of response.body!.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
    const [name = "", value = ""] = line.split(/:(.*)/s);
    if (line !== "") fields.set(name, value);
    else {
      yield { event: fields.get("event") ?? "", data: fields.get("data") ?? "" };
      fields = new Map();
    }
  }
}

async function tryIt(url: string, plugin: RemotePluginProxy): Promise<void> {
  const checks = new Checks();
  const answer = await fetch(url);
  const text = await answer.text();
  checks.that(
    "the page is HTML with a canvas",
    answer.headers.get("content-type")!.startsWith("text/html") && text.includes("<canvas"),
    text,
  );

  const picture = new Map<number, number[]>();
  let last: ServerSentEvent = { event: "", data: "" };
  let reached = 0;
  using bar = new ProgressBar();
  for await (last of readEvents(await fetch(`${url}picture`))) {
    const data = last.event === "end" ? undefined : JSON.parse(last.data);
    if (last.event === "row") picture.set(data.row, data.parts);
    if (last.event === "progress") bar.update({ ...data, message: `${picture.size} rows have come` }), reached = data.progress;
  }
  bar.print(`The picture took ${last.data}`);
  checks.that(
    "the stream ended well, with its progress at 1",
    last.event === "end" && reached === 1,
    `${last.event} ${last.data} ${reached}`,
  );
  checks.that("every row came once", picture.size === SIZE.height, `${picture.size} rows`);
  checks.that(
    "the picture is the same upside down",
    [...picture].every(([row, parts]) => picture.get(SIZE.height - 1 - row)?.join() === parts.join()),
  );
  const middle = picture.get(SIZE.height / 2) ?? [];
  checks.that("the middle belongs to the set, the border does not", middle[SIZE.width / 2] === 1 && middle[0]! < 0.1, middle.join());

  await leaveEarly(`${url}picture?place=seahorses`);
  // One call runs at a time: this one is answered when the one that was left has ended.
  const ends = await plugin.execute<{ finished: number; abandoned: number }>();
  checks.that("a client that disconnects stops the plugin's call", ends.finished === 1 && ends.abandoned === 1, JSON.stringify(ends));
  checks.that("a place that is none is refused", await statusOf(`${url}picture?place=<script>`) === 404);
  checks.report();
}

/** Disconnects at the first row: whoever leaves the loop has closed the connection. */
async function leaveEarly(url: string): Promise<void> {
  for await (const { event } of readEvents(await fetch(url))) if (event === "row") break;
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.body?.cancel();
  return response.status;
}

async function untilStopped(): Promise<void> {
  const stopped = Promise.withResolvers<void>();
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, stopped.resolve);
  await stopped.promise;
  for (const signal of signals) Deno.removeSignalListener(signal, stopped.resolve);
}

async function run(): Promise<void> {
  const stays = Deno.args.includes("--serve");
  await using plugin = await RemotePluginProxy.start(new URL("mandelbrot.json", import.meta.url));
  const closing = new AbortController();
  const options = { hostname: "127.0.0.1", port: stays ? 8000 : 0, signal: closing.signal, onListen: () => {} };
  const server = Deno.serve(options, (request) => handle(plugin, request));
  const url = `http://127.0.0.1:${server.addr.port}/`;
  console.log(`${bold("Listening")} at ${url}${stays ? ", until Ctrl-C" : ""}`);
  await (stays ? untilStopped() : tryIt(url, plugin));
  closing.abort();
  await server.finished;
}

if (Deno.env.has("PYTHON")) await run();
else {
  console.log("Skipped: there is no Python 3.8 or later");
  Deno.exitCode = 77;
}
