/** The calls of a gateway: an operator sees those of everybody. */
import { html } from "./html.js";
import { duration } from "./duration.js";

export function Calls({ calls, isOperator }) {
  return html`
    <section aria-label="Calls">
      <h2>Calls</h2>
      ${calls.length === 0
        ? html`<p class="faint">There was no call yet</p>`
        : html`<${CallTable} calls=${calls} isOperator=${isOperator} />`}
    </section>
  `;
}

function CallTable({ calls, isOperator }) {
  const headings = ["Began", "Plugin", "Endpoint", ...isOperator ? ["Client"] : [], "Took", "Outcome"];
  return html`
    <div class="scrolled calls">
      <table>
        <thead>
          <tr>${headings.map((heading) => html`<th>${heading}</th>`)}</tr>
        </thead>
        <tbody>${calls.map((call) => html`<${CallRow} key=${call.number} call=${call} isOperator=${isOperator} />`)}</tbody>
      </table>
    </div>
  `;
}

function CallRow({ call, isOperator }) {
  const { plugin, endpoint, client, startedAt, outcome, durationMs, chunks } = call;
  return html`
    <tr data-outcome=${outcome ?? "open"}>
      <td><time>${startedAt.slice(11, 19)}</time></td>
      <td class="name">${plugin}</td>
      <td>${endpoint}</td>
      ${isOperator && html`<td>${client}</td>`}
      <td>${durationMs === undefined ? "" : duration(durationMs)}</td>
      <td>${outcome ?? "runs"}${chunks > 0 ? `, ${chunks} ${chunks === 1 ? "chunk" : "chunks"}` : ""}</td>
    </tr>
  `;
}
