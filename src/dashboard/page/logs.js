/** What plugins print, as it comes. */
import { html } from "./html.js";
import { useEffect, useRef } from "preact/hooks";

export function Logs({ lines }) {
  const place = useRef(null);
  useEffect(() => {
    const { scrollHeight, scrollTop, clientHeight } = place.current;
    // Whoever has scrolled up reads there.
    if (scrollHeight - scrollTop - clientHeight < 80) place.current.scrollTop = scrollHeight;
  }, [lines]);
  return html`
    <section aria-label="Log">
      <h2>Log</h2>
      <ol class="log" ref=${place}>
        ${lines.length === 0 && html`<li class="faint">Nothing was printed yet</li>`}
        ${lines.map(({ number, plugin, text, level, time }) =>
          html`
            <li key=${number} data-level=${level}><time>${time.slice(
              11,
              19,
            )}</time> <bdi class="faint">${plugin}</bdi> <bdi>${text}</bdi></li>
          `
        )}
      </ol>
    </section>
  `;
}
