/** A form for the configuration of a plugin. */
import { html } from "./html.js";
import { useRef, useState } from "preact/hooks";
import { FieldInput } from "./field_input.js";
import { configure } from "./gateway.js";
import { configurationOf, shownIn } from "./given_values.js";

export function ConfigurationForm({ plugin, form, onConfigured }) {
  const { description, fields } = form;
  const given = useRef({}).current;
  const [told, tell] = useState({});
  const apply = async () => {
    await configure(plugin, configurationOf(form, given));
    tell({ done: "The plugin has this configuration now" });
    onConfigured();
  };
  const submit = (event) => {
    event.preventDefault();
    tell({});
    apply().catch((error) => tell({ problem: error.message }));
  };
  return html`
    <form class="call" onSubmit=${submit}>
      ${description && html`<p class="description">${description}</p>`}
      ${fields.map((field) =>
        html`
          <${FieldInput} key=${field.name} field=${field} shown=${shownIn(field, form)} onGiven=${(value) => given[field.name] = value} />
        `
      )}
      <p role="alert" class="problem">${told.problem}</p>
      <button>Apply</button> <span role="status" class="faint">${told.done}</span>
    </form>
  `;
}
