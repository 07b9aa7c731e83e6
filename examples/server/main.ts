// flags: --allow-read=$HERE,$TMP --allow-write=$TMP --allow-net=127.0.0.1 --allow-run=$PYTHON --allow-env=PYTHON,TMPDIR,TMP,TEMP
/**
 * A web server in one file that streams a Python plugin's chunks to the browser as server-sent events.
 *
 * `deno task example server` tries it on itself, `deno task example server --serve` keeps it up at port 8000.
 *
 * @module
 */
import { type ServerSentEventMessage, ServerSentEventStream } from "@std/http/server-sent-event-stream";
import { RemotePluginProxy } from "@remote-plugin/proxy";
import { Checks } from "../shared/checks.ts";
import { bold, ProgressBar } from "../shared/terminal.ts";

const SIZE = { width: 300, height: 200 };

/** What can be looked at: the middle, how wide a part, and how many steps are tried before a point counts as one of the set. */
const PLACES = {
  everything: { x: -0.75, y: 0, span: 3.3, depth: 90 },
  seahorses: { x: -0.745, y: 0.113, span: 0.013, depth: 500 },
  elephants: { x: 0.2855, y: 0.0105, span: 0.011, depth: 350 },
};
const FIRST = "everything";

// ---- pages from functions: every tag is one, text is escaped

/** Markup that is safe to send as it is. */
class Html {
  constructor(readonly text: string) {}
}

type Child = Html | string;
type Tag = (attributes: Record<string, string | number>, ...children: readonly Child[]) => Html;
type TagName = "html" | "head" | "meta" | "title" | "style" | "body" | "main" | "h1" | "p" | "nav" | "a" | "canvas" | "progress" | "script";

const { html, head, meta, title, style, body, main, h1, p, nav, a, canvas, progress, script } = new Proxy({} as Record<TagName, Tag>, {
  get: (_, name: TagName): Tag => (attributes, ...children) => element(name, attributes, children),
});

function element(name: TagName, attributes: Record<string, string | number>, children: readonly Child[]): Html {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeText(String(value))}"`).join("");
  const inside = children.map((child) => child instanceof Html ? child.text : escapeText(child)).join("");
  return new Html(name === "meta" ? `<${name}${written}>` : `<${name}${written}>${inside}</${name}>`);
}

function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function page(place: string): Html {
  const links = Object.keys(PLACES).map((name) => a({ href: `/?place=${name}`, class: name === place ? "here" : "" }, name));
  return html(
    { lang: "en" },
    head(
      {},
      meta({ charset: "utf-8" }),
      meta({ name: "viewport", content: "width=device-width, initial-scale=1" }),
      title({}, "Python, live"),
      style({}, new Html(STYLE)),
    ),
    body(
      {},
      main(
        {},
        h1({}, "Python, live"),
        p({}, "A Python plugin computes this picture row by row. Close the page, and it stops."),
        nav({}, ...links),
        canvas({ ...SIZE, "data-source": `/picture?place=${place}` }),
        progress({ max: 1, value: 0 }),
        p({ id: "status" }, "waiting for its turn"),
        script({ type: "module" }, new Html(SCRIPT)),
      ),
    ),
  );
}

const STYLE = `
  :root { color-scheme: dark; font: 16px/1.5 system-ui, sans-serif; background: #0b1020; color: #dfe6ff; }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
  main { width: min(44rem, 92vw); }
  h1 { margin: 0; font-weight: 650; letter-spacing: -.02em; }
  p { margin: .3rem 0 1rem; color: #97a3cf; }
  nav { display: flex; gap: .5rem; margin-bottom: 1rem; }
  a { padding: .25rem .9rem; border-radius: 2rem; background: #1a2342; color: inherit; text-decoration: none; }
  a:hover, a.here { background: #5b7cfa; color: #fff; }
  canvas { display: block; width: 100%; border-radius: .75rem; background: #060914; box-shadow: 0 1rem 3rem #0008; image-rendering: pixelated; }
  progress { appearance: none; display: block; width: 100%; height: .4rem; margin: 1rem 0 .3rem; border: 0; border-radius: 1rem; background: #1a2342; overflow: hidden; }
  progress::-webkit-progress-bar { background: #1a2342; }
  progress::-webkit-progress-value { background: linear-gradient(90deg, #5b7cfa, #b07bff); }
  progress::-moz-progress-bar { background: #7c7bfc; }
  #status { font-variant-numeric: tabular-nums; }
`;

const SCRIPT = `
  const canvas = document.querySelector("canvas");
  const bar = document.querySelector("progress");
  const status = document.querySelector("#status");
  const context = canvas.getContext("2d");
  const events = new EventSource(canvas.dataset.source);
  const colour = (part) => part === 1 ? "#060914" : \`hsl(\${225 + 190 * part ** 0.4} 85% \${12 + 62 * part ** 0.35}%)\`;
  const stop = (text) => { events.close(); status.textContent = text; };
  events.addEventListener("progress", ({ data }) => {
    const { progress, message } = JSON.parse(data);
    bar.value = progress;
    status.textContent = message;
  });
  events.addEventListener("row", ({ data }) => {
    const { row, rows, parts } = JSON.parse(data);
    parts.forEach((part, x) => {
      context.fillStyle = colour(part);
      context.fillRect(x, row, 1, rows);
    });
  });
  events.addEventListener("end", ({ data }) => stop(data));
  events.addEventListener("failed", ({ data }) => stop(data));
  events.onerror = () => stop("The server has gone");
`;

// ---- the server

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
    return new Response(`<!doctype html>${page(place).text}`, { headers: { "content-type": "text/html; charset=utf-8" } });
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
  let text = "";
  for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
    const messages = (text + part).split("\n\n");
    text = messages.pop()!;
    for (const message of messages) {
      const fields = new Map(message.split("\n").map((line) => line.split(/:(.*)/s) as [string, string]));
      yield { event: fields.get("event") ?? "", data: fields.get("data") ?? "" };
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

/** Disconnects at the first row. */
async function leaveEarly(url: string): Promise<void> {
  const controller = new AbortController();
  for await (const { event } of readEvents(await fetch(url, { signal: controller.signal }))) if (event === "row") break;
  controller.abort();
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
