/** All plugins, with what each is doing. */
import { html } from "./html.js";
import { keyOf } from "./history.js";

export function PluginList({ plugins, chosen, onChoose }) {
  return html`<ul class="plugins">${
    plugins.map((plugin) =>
      html`
        <li key=${keyOf(plugin)}>
          <button type="button" aria-current=${keyOf(plugin) === chosen} onClick=${() => onChoose(keyOf(plugin))}>
            <span class="name">${plugin.name}</span> <span class="faint">${plugin.version}</span>
            <span class="state" data-state=${plugin.state.kind}>${plugin.state.kind}</span>
            <span class="faint">${figures(plugin)}</span>
          </button>
        </li>
      `
    )
  }</ul>`;
}

function figures({ workers, calls }) {
  const memory = workers.reduce((sum, { memoryMb }) => sum + memoryMb, 0);
  const parts = [
    ...workers.length === 0 ? [] : [`${Math.round(memory)} MiB`],
    ...calls.open === 0 ? [] : [`${calls.open} open`],
    ...calls.failed === 0 ? [] : [`${calls.failed} failed`],
  ];
  return parts.join(" · ");
}
