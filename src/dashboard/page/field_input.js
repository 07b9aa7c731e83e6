/** The field of one argument. */
import { html } from "./html.js";
import { useId, useState } from "preact/hooks";

export function FieldInput({ field, shown, onGiven }) {
  const id = useId();
  const { name, isRequired, description, standard, input } = field;
  const note = [description, input.reason].filter(Boolean).join(". ");
  return html`
    <div class="field">
      <label for=${id}>${name} <span class="faint">${isRequired ? "needed" : ""}</span></label>
      ${KINDS[input.kind]({ id, input, shown, onGiven, isRequired, placeholder: standard })}
      ${note && html`<p class="faint">${note}</p>`}
    </div>
  `;
}

const KINDS = {
  text: ({ id, shown, onGiven, isRequired, placeholder }) =>
    html`
      <textarea id=${id} rows="1" required=${isRequired} placeholder=${placeholder} defaultValue=${shown} onInput=${({ target }) =>
        onGiven(target.value)} />
    `,
  number: ({ id, input, shown, onGiven, isRequired, placeholder }) =>
    html`
      <input id=${id} type="number" step=${input.step} min=${input.min} max=${input.max} required=${isRequired} placeholder=${placeholder}
        defaultValue=${shown} onInput=${({ target }) => onGiven(target.value)} />
    `,
  switch: ({ id, shown, onGiven, placeholder }) =>
    html`
      <input id=${id} type="checkbox" defaultChecked=${shown ?? placeholder === "true"} onChange=${({ target }) =>
        onGiven(target.checked)} />
    `,
  choice: ({ id, input, shown, onGiven, isRequired, placeholder }) =>
    html`
      <select id=${id} required=${isRequired} onChange=${({ target }) => onGiven(target.value)}>
        <option value="">${placeholder === "" ? "" : `${placeholder}, as the plugin has it`}</option>
        ${input.choices.map((choice, at) =>
          html`<option value=${at} selected=${String(at) === shown}>${
            typeof choice === "string" ? choice : JSON.stringify(choice)
          }</option>`
        )}
      </select>
    `,
  json: ({ id, shown, onGiven, isRequired, placeholder }) =>
    html`
      <textarea id=${id} rows="2" class="code" required=${isRequired} placeholder=${placeholder || "JSON"}
        defaultValue=${shown} onInput=${({ target }) => onGiven(target.value)} />
    `,
  file: (options) => html`<${FileInput} ...${options} />`,
};

function FileInput({ id, onGiven, isRequired }) {
  const [name, setName] = useState("");
  const take = (file) => {
    if (file === undefined) return;
    onGiven(file);
    setName(`${file.name}, ${file.size} bytes`);
  };
  const drop = (event) => {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  };
  return html`
    <div class="drop" onDragOver=${(event) => event.preventDefault()} onDrop=${drop}>
      <input id=${id} type="file" required=${isRequired && name === ""} onChange=${({ target }) => take(target.files[0])} />
      <span class="faint">${name || "or drop a file here"}</span>
    </div>
  `;
}
