/** One plugin: what it uses, and a form to call it. */
import { html } from "./html.js";
import { useState } from "preact/hooks";
import { Chart } from "./chart.js";
import { duration } from "./duration.js";
import { manage } from "./gateway.js";
import { PluginForms } from "./plugin_forms.js";

export function Plugin({ plugin, usage, isOperator }) {
  const { name, version, state, queued, workers, calls } = plugin;
  const { latencyMs } = calls;
  // Only a plugin that runs tells what it takes, and looking alone starts none.
  const [isWanted, want] = useState(state.kind === "running");
  const facts = [
    ["State", state.kind],
    ...queued.map(({ reason, sinceMs }) => ["Waits to be placed", `${duration(sinceMs)} ${reason ?? ""}`]),
    ["Workers", workers.map(nameOf).join(", ") || "none"],
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
      ${isOperator && html`<${Management} name=${name} state=${state.kind} />`}
      <div class="charts">
        <${Chart} title="Memory, MiB" times=${usage.times} values=${usage.memory} />
        <${Chart} title="Processor, % of a core" times=${usage.times} values=${usage.processor} />
      </div>
      ${state.kind === "disabled"
        ? html`<p class="notice">It is disabled, and takes no calls</p>`
        : isWanted
        ? html`<${PluginForms} plugin=${name} />`
        : html`<button type="button" onClick=${() => want(true)}>Start it, and show what it takes</button>`}
    </section>
  `;
}

/** Where a worker is: on the gateway's machine, or on a cluster. */
function nameOf({ pid, placement }) {
  return placement ? `job ${placement.job} on ${placement.node}` : `process ${pid}`;
}

const LABELS = { load: "Load", unload: "Unload", reload: "Reload", enable: "Enable", disable: "Disable" };

/** What can be done to a plugin by its state. */
const ACTIONS = {
  registered: ["load", "disable"],
  failed: ["load", "disable"],
  disabled: ["enable"],
};

/** What an operator does to the workers of a plugin. */
function Management({ name, state }) {
  const [problem, setProblem] = useState("");
  const act = (action) => manage(name, action).then(() => setProblem(""), (error) => setProblem(error.message));
  return html`
    <p class="actions">${(ACTIONS[state] ?? ["unload", "reload", "disable"]).map((action) =>
      html`<button key=${action} type="button" class="quiet" onClick=${() => act(action)}>${LABELS[action]}</button>`
    )}</p>
    <p role="alert" class="problem">${problem}</p>
  `;
}
