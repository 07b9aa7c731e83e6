/** The forms of a plugin: one for each method, and for operators that of its configuration. */
import { html } from "./html.js";
import { useEffect, useState } from "preact/hooks";
import { CallForm } from "./call_form.js";
import { Configuration } from "./configuration_form.js";
import { readForms } from "./gateway.js";
import { MethodForms } from "./method_forms.js";
import { Tabs } from "./tabs.js";

const LABELS = { execute: "Call", execute_stream: "Stream", methods: "Methods", configuration: "Configure" };

export function PluginForms({ plugin }) {
  const [forms, setForms] = useState(undefined);
  const [problem, setProblem] = useState("");
  const [chosen, choose] = useState(undefined);
  const look = () => {
    readForms(plugin).then(setForms, (error) => setProblem(error.message));
  };
  useEffect(look, [plugin]);
  if (problem !== "") return html`<p role="alert" class="problem">${problem}</p>`;
  if (forms === undefined) return html`<p class="notice" role="status">Asking the plugin what it takes …</p>`;
  const names = Object.keys(LABELS).filter((name) => forms[name] !== undefined);
  if (names.length === 0) return html`<p class="notice">The plugin has no method to call</p>`;
  const name = names.includes(chosen) ? chosen : names[0];
  return html`
    <${Tabs} label="Methods" tabs=${names.map((one) => ({ name: one, label: LABELS[one] }))} chosen=${name} onChoose=${choose}>
      ${name === "methods"
        ? html`<${MethodForms} ...${{ plugin, forms: forms.methods }} />`
        : name === "configuration"
        ? html`<${Configuration} ...${{ plugin, form: forms[name], onConfigured: look }} />`
        : html`<${CallForm} key=${name} ...${{ plugin, method: name, form: forms[name], label: LABELS[name] }} />`}
    </${Tabs}>
  `;
}
