/** A form for the configuration of a plugin. */
import { html } from "./html.js";
import { useState } from "preact/hooks";
import { FormInput } from "./form_input.js";
import { configure, readForms } from "./gateway.js";
import { begun, givenOf } from "./given.js";
import { merged } from "./merged.js";
import { asObject, readGiven } from "./read_given.js";
import { useForm } from "./use_form.js";

export function Configuration({ plugin, form, onConfigured }) {
  const [told, tell] = useState({});
  if (form.problem !== undefined) return html`<p role="alert" class="problem">${form.problem}</p>`;
  const apply = async (change) => {
    tell({});
    try {
      // Somebody else may have changed other values since the form was opened.
      const { configuration: { current } } = await readForms(plugin);
      await configure(plugin, merged(current, change));
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

function ConfigurationFields({ form: { description, named, shared, current }, onApplied }) {
  const shown = () => givenOf(named, current, shared) ?? begun(named);
  const read = (given) => asObject(readGiven(named, given, { shared, place: "" }), "");
  const { given, give, problems, form: element } = useForm({
    begin: shown,
    read,
    onRead: ({ value }) => onApplied({ before: read(shown()).value, after: value }),
  });
  return html`
    <form class="call" ...${element}>
      ${description && html`<p class="description">${description}</p>`}
      <${FormInput} label="configuration" input=${named} given=${given} place="" form=${{ shared, problems }} onGiven=${give} />
      <button>Apply</button>
    </form>
  `;
}
