/** One plugin: what it uses, and a form to call it. */
import { html } from "./html.js";
import { useState } from "preact/hooks";
import { CallForm } from "./call_form.js";
import { Chart } from "./chart.js";
import { manage } from "./gateway.js";

export function Plugin({ plugin, usage, isOperator }) {
  const { name, version, state, workers, calls } = plugin;
  const { latencyMs } = calls;
  // Only a plugin that runs tells what it takes, and looking alone starts none.
  const [isWanted, want] = useState(state.kind === "running");
  const facts = [
    ["State", state.kind],
    ["Workers", workers.map(({ pid }) => `process ${pid}`).join(", ") || "none"],
    ["Calls", `${calls.succeeded} well, ${calls.failed} failed, ${calls.cancelled} cancelled, ${calls.waiting} waiting`],
    ["Time of a call", latencyMs ? `${duration(latencyMs.p50)} half of them, ${duration(latencyMs.p99)} nearly all` : "none yet"],
  ];
  return html`
    <section aria-label=${name}>
      <h2>${name} <span class="faint">${version}</span></h2>
      <dl>${facts.map(([term, fact]) =>
        html`
          <dt>${term}</dt>
          <dd>${fact}</dd>
        `
      )}</dl>
      ${isOperator && html`<${Management} name=${name} />`}
      <div class="charts">
        <${Chart} title="Memory, MiB" times=${usage.times} values=${usage.memory} />
        <${Chart} title="Processor, % of a core" times=${usage.times} values=${usage.processor} />
      </div>
      ${isWanted
        ? html`<${CallForm} plugin=${name} />`
        : html`<button type="button" onClick=${() => want(true)}>Start it, and show what it takes</button>`}
    </section>
  `;
}

const ACTIONS = { load: "Load", unload: "Unload", reload: "Reload" };

/** What an operator does to the workers of a plugin. */
function Management({ name }) {
  const [problem, setProblem] = useState("");
  const act = (action) => manage(name, action).then(() => setProblem(""), (error) => setProblem(error.message));
  return html`
    <p class="actions">${Object.entries(ACTIONS).map(([action, label]) =>
      html`<button type="button" class="quiet" onClick=${() => act(action)}>${label}</button>`
    )}</p>
    <p role="alert" class="problem">${problem}</p>
  `;
}

function duration(ms) {
  return ms < 1 ? `${(1_000 * ms).toFixed(0)} µs` : ms < 1_000 ? `${ms.toFixed(1)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
