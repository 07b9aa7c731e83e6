/** A form for the arguments of a plugin, and what comes of the call. */
import { html } from "./html.js";
import { useEffect, useRef, useState } from "preact/hooks";
import { FieldInput } from "./field_input.js";
import { readForms } from "./gateway.js";
import { argumentsOf } from "./given_values.js";
import { useCall } from "./use_call.js";
import { Outcome } from "./outcome.js";

const METHODS = { execute: "Call", execute_stream: "Stream" };

export function CallForm({ plugin }) {
  const [forms, setForms] = useState(undefined);
  const [problem, setProblem] = useState("");
  const [method, setMethod] = useState("execute");
  useEffect(() => {
    readForms(plugin).then((told) => {
      setForms(told);
      setMethod(told.execute === undefined ? "execute_stream" : "execute");
    }, (error) => setProblem(error.message));
  }, [plugin]);
  if (problem !== "") return html`<p role="alert" class="problem">${problem}</p>`;
  if (forms === undefined) return html`<p class="notice" role="status">Asking the plugin what it takes …</p>`;
  const methods = Object.keys(METHODS).filter((name) => forms[name] !== undefined);
  if (methods.length === 0) return html`<p class="notice">The plugin has no method to call</p>`;
  const choice = html`<div class="tabs" role="tablist">${
    methods.map((name) =>
      html`
        <button type="button" role="tab" aria-selected=${name === method} onClick=${() => setMethod(name)}>${METHODS[name]}</button>
      `
    )
  }</div>`;
  return html`${choice}<${MethodForm} key=${method} ...${{ plugin, method, form: forms[method] }} />`;
}

function MethodForm({ plugin, method, form }) {
  const { description, fields } = form;
  const given = useRef({}).current;
  const { outcome, run, cancel } = useCall({ plugin, endpoint: method });
  const [problem, setProblem] = useState("");
  const submit = (event) => {
    event.preventDefault();
    try {
      const kwargs = argumentsOf(fields, given);
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
      <button disabled=${isRunning}>${METHODS[method]}</button>
      ${isRunning && html`
        <button type="button" class="quiet" onClick=${cancel}>Cancel</button>
      `}
    </form>
    ${outcome && html`<${Outcome} outcome=${outcome} />`}
  `;
}
