/** What comes of a call: progress, chunks, a result or an error. */
import { html } from "./html.js";
import { useEffect, useMemo, useState } from "preact/hooks";
import { fileKind, shownResult } from "./shown_value.js";

/** How many of the last chunks are shown at once. A button shows all that are kept. */
const SHOWN_CHUNKS = 200;

export function Outcome({ outcome }) {
  const { state, progress, chunks, count, result, error, tookMs } = outcome;
  const isStream = count > 0;
  return html`
    <section class="outcome" aria-label="Result" aria-live="polite">
      ${state === "running" && html`<${Progress} progress=${progress} />`}
      ${isStream && html`<${Chunks} ...${{ chunks, count }} />`}
      ${state === "ended" && !isStream && html`<${Value} value=${result.result} types=${result.types} />`}
      ${state === "failed" && html`<p role="alert" class="problem">${error.type ? `${error.type}: ` : ""}${error.message}</p>`}
      ${error?.traceback && html`<pre class="code">${error.traceback}</pre>`}
      ${state !== "running" && html`<p class="faint">${ENDS[state]} after ${(tookMs / 1_000).toFixed(3)} s</p>`}
    </section>
  `;
}

function Chunks({ chunks, count }) {
  const [isWhole, show] = useState(false);
  const shown = isWhole ? chunks : chunks.slice(-SHOWN_CHUNKS);
  const choice = isWhole ? `Show the last ${SHOWN_CHUNKS}` : `Show the last ${chunks.length}`;
  return html`
    <p>
      <span class="faint">${count} ${count === 1 ? "chunk" : "chunks"}</span>
      ${chunks.length > SHOWN_CHUNKS && html`
        <button type="button" class="quiet small" onClick=${() => show(!isWhole)}>${choice}</button>
      `}
    </p>
    <ol class="chunks" start=${count - shown.length + 1}>
      ${shown.map(({ frame }, at) =>
        html`
          <li key=${count - shown.length + at}>
            <${Value} value=${frame.chunk} types=${frame.types} />
          </li>
        `
      )}
    </ol>
  `;
}

const ENDS = { ended: "Ended", failed: "Failed", cancelled: "Cancelled" };

function Progress({ progress }) {
  const isKnown = progress !== undefined && progress.progress >= 0;
  return html`<p><progress max="1" value=${isKnown ? progress.progress : undefined} /> ${progress?.message ?? ""}</p>`;
}

function Value({ value, types }) {
  const { shown, files } = useMemo(() => shownResult(value, types), [value, types]);
  return html`${shown && VIEWS[shown.kind](shown)}${files.map((file) => html`<${FileView} file=${file} />`)}`;
}

const VIEWS = {
  text: ({ text }) => html`<pre>${text}</pre>`,
  json: ({ text }) => html`<pre class="code">${text}</pre>`,
  table: ({ headings, rows }) =>
    html`
      <div class="scrolled">
        <table>
          <thead>
            <tr>${headings.map((heading) => html`<th>${heading}</th>`)}</tr>
          </thead>
          <tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
        </table>
      </div>
    `,
};

/** Nothing of a plugin's is run: a picture, a sound and a film are shown from memory, and everything else is only saved. */
function FileView({ file }) {
  const url = useMemo(() => URL.createObjectURL(new Blob([file.bytes], { type: file.mediaType })), [file]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  const kind = fileKind(file);
  return html`<p>
    ${kind === "picture" && html`<img src=${url} alt="The picture that the plugin gave" />`}
    ${kind === "sound" && html`<audio src=${url} controls />`}
    ${kind === "film" && html`<video src=${url} controls />`}
    <a href=${url} download="result">Save ${file.mediaType}, ${file.bytes.length} bytes</a>
  </p>`;
}
