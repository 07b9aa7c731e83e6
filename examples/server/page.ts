/**
 * The page of the server: a picture that is drawn while it is computed.
 *
 * @module
 */
import { escape } from "@std/html";

/** What the page shows. */
export interface View {
  /** The place whose picture is drawn. */
  readonly place: string;
  /** All places that can be looked at. */
  readonly places: readonly string[];
  /** The size of the picture, in points. */
  readonly width: number;
  readonly height: number;
}

/** The page's HTML. */
export function page({ place, places, width, height }: View): string {
  const links = places.map((name) =>
    `<a href="/?place=${encodeURIComponent(name)}"${name === place ? ' class="here"' : ""}>${escape(name)}</a>`
  );
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Python, live</title>
  <style>${STYLE}</style>
</head>
<body>
  <main>
    <h1>Python, live</h1>
    <p>A Python plugin computes this picture row by row. Close the page, and it stops.</p>
    <nav>${links.join("")}</nav>
    <canvas width="${width}" height="${height}" data-source="/picture?place=${encodeURIComponent(place)}"></canvas>
    <progress max="1" value="0"></progress>
    <p id="status">waiting for its turn</p>
    <script type="module">${SCRIPT}</script>
  </main>
</body>
</html>`;
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
