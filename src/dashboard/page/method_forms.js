/** The forms of the methods that a plugin has by name, one of which is chosen. */
import { html } from "./html.js";
import { useState } from "preact/hooks";
import { CallForm } from "./call_form.js";

/** How each is called, for the one who chooses. */
const KINDS = { call: "", stream: ", piece by piece" };

export function MethodForms({ plugin, forms }) {
  const endpoints = Object.keys(forms);
  const [chosen, choose] = useState(undefined);
  const endpoint = endpoints.includes(chosen) ? chosen : endpoints[0];
  return html`
    <label class="field">Method
      <select value=${endpoint} onChange=${({ target }) => choose(target.value)}>${endpoints.map((one) =>
        html`<option key=${one} value=${one}>${labelOf(one)}</option>`
      )}</select>
    </label>
    <${CallForm} key=${endpoint} ...${{ plugin, method: endpoint, form: forms[endpoint], label: "Call" }} />
  `;
}

function labelOf(endpoint) {
  const [kind, name] = endpoint.split("/");
  return decodeURIComponent(name) + KINDS[kind];
}
