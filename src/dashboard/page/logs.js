/** What plugins print, as it comes. */
import { html } from "./html.js";
import { useEffect, useRef, useState } from "preact/hooks";
import { listenToLogs } from "./gateway.js";

/** The most lines that are kept. */
const MAX_LINES = 1_000;

export function Logs() {
  const [lines, setLines] = useState([]);
  const place = useRef(null);
  useEffect(() => follow(setLines), []);
  useEffect(() => {
    const { scrollHeight, scrollTop, clientHeight } = place.current;
    // Whoever has scrolled up reads there.
    if (scrollHeight - scrollTop - clientHeight < 80) place.current.scrollTop = scrollHeight;
  }, [lines]);
  return html`
    <section aria-label="Log">
      <h2>Log</h2>
      <ol class="log" ref=${place}>
        ${lines.length === 0 && html`<li class="faint">Nothing was printed since this page was opened</li>`}
        ${lines.map(({ number, plugin, text, level, time }) =>
          html`
            <li key=${number} data-level=${level}><time>${time.slice(11, 19)}</time> <span class="faint">${plugin}</span> ${text}</li>
          `
        )}
      </ol>
    </section>
  `;
}

/** Takes lines as they come, and shows them no more often than the screen does. */
function follow(setLines) {
  let [waiting, frame, number] = [[], undefined, 0];
  const show = () => {
    frame = undefined;
    const come = waiting;
    waiting = [];
    setLines((before) => [...before, ...come].slice(-MAX_LINES));
  };
  const stop = listenToLogs((line) => {
    waiting.push({ ...line, number: number++ });
    if (waiting.length > MAX_LINES) waiting.shift();
    frame ??= requestAnimationFrame(show);
  });
  return () => {
    stop();
    cancelAnimationFrame(frame);
  };
}
