/** A form for the arguments of a method, and what comes of the call. */
import { html } from "./html.js";
import { useRef, useState } from "preact/hooks";
import { FieldInput } from "./field_input.js";
import { argumentsOf } from "./given_values.js";
import { useCall } from "./use_call.js";
import { Outcome } from "./outcome.js";

export function CallForm({ plugin, method, form, label }) {
  const { description, fields } = form;
  const given = useRef({}).current;
  const { outcome, run, cancel } = useCall({ plugin, endpoint: method });
  const [problem, setProblem] = useState("");
  const submit = (event) => {
    event.preventDefault();
    try {
      const kwargs = argumentsOf(form, given);
      setProblem("");
      run(kwargs);
    } catch (error) {
      setProblem(error.message);
    }
  };
  const isRunning = outcome?.state === "running";
  return html`
    <form class="call" onSubmit=${submit}>
      ${description && html`<p class="description">${description}</p>`}
      ${fields.map((field) =>
        html`
          <${FieldInput} key=${field.name} field=${field} onGiven=${(value) => given[field.name] = value} />
        `
      )}
      <p role="alert" class="problem">${problem}</p>
      <button disabled=${isRunning}>${label}</button>
      ${isRunning && html`
        <button type="button" class="quiet" onClick=${cancel}>Cancel</button>
      `}
    </form>
    ${outcome && html`<${Outcome} outcome=${outcome} />`}
  `;
}
