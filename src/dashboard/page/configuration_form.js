/** A form for the configuration of a plugin. */
import { html } from "./html.js";
import { useRef, useState } from "preact/hooks";
import { FieldInput } from "./field_input.js";
import { configure, readForms } from "./gateway.js";
import { configurationOf, shownIn } from "./given_values.js";

export function Configuration({ plugin, form, onConfigured }) {
  const [told, tell] = useState({});
  if (form.problem !== undefined) return html`<p role="alert" class="problem">${form.problem}</p>`;
  const apply = async (given) => {
    tell({});
    try {
      // Somebody else may have changed other values since the form was opened.
      const { configuration: { current } } = await readForms(plugin);
      await configure(plugin, configurationOf({ ...form, current }, given));
      tell({ done: "The plugin has this configuration now" });
      onConfigured();
    } catch (error) {
      tell({ problem: error.message });
    }
  };
  // Another configuration has other values in its fields.
  return html`
    <${ConfigurationFields} key=${JSON.stringify(form.current)} form=${form} onApplied=${apply} />
    <p role="alert" class="problem">${told.problem}</p>
    <p role="status" class="faint">${told.done}</p>
  `;
}

function ConfigurationFields({ form, onApplied }) {
  const given = useRef({}).current;
  const submit = (event) => {
    event.preventDefault();
    onApplied(given);
  };
  return html`
    <form class="call" onSubmit=${submit}>
      ${form.description && html`<p class="description">${form.description}</p>`}
      ${form.fields.map((field) =>
        html`
          <${FieldInput} key=${field.name} field=${field} shown=${shownIn(field, form)} onGiven=${(value) => given[field.name] = value} />
        `
      )}
      <button>Apply</button>
    </form>
  `;
}
