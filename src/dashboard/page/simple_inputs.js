/** Inputs in which one value is typed, chosen or dropped. */
import { html } from "./html.js";
import { UNREADABLE } from "./given.js";

/** An input of one value. `told` are the attributes by which it is known to those who do not see it. */
export function SimpleInput({ input, ...options }) {
  return KINDS[input.kind]({ input, ...options });
}

const KINDS = {
  text: (options) => options.input.format === "any" ? manyLines(options) : oneLine(options),
  number: ({ input: { isWhole, min, max, step }, ...options }) =>
    oneLine({ ...options, type: "number", limits: { min, max, step: step ?? (isWhole ? 1 : "any") } }),
  json: (options) => manyLines({ ...options, placeholder: options.placeholder || "JSON", look: "code", rows: 2 }),
  switch: ({ told, given, onGiven, placeholder }) =>
    html`
      <input ...${told} type="checkbox" checked=${given ?? placeholder === "true"} onChange=${({ target }) => onGiven(target.checked)} />
    `,
  choice: ({ told, input, given, onGiven, placeholder }) =>
    html`
      <select ...${told} value=${given ?? ""} onChange=${({ target }) => onGiven(target.value)}>
        <option value="">${placeholder === "" ? "" : `${placeholder}, as the plugin has it`}</option>
        ${input.choices.map((choice, at) => html`<option value=${at}>${shownConstant(choice)}</option>`)}
      </select>
    `,
  constant: ({ told, input }) => html`<output ...${told}>${shownConstant(input.value)}</output>`,
  file: (options) => html`<${FileInput} ...${options} />`,
};

/** The types of inputs by the formats of texts. */
const TYPES = { date: "date", time: "time", "date-time": "datetime-local", email: "email", uri: "url", password: "password" };

function oneLine({ told, input, type = TYPES[input.format], limits, given, onGiven, placeholder }) {
  // A browser counts in minutes, unless it is told otherwise.
  const steps = limits ?? (type === "time" || type === "datetime-local" ? { step: 1 } : {});
  const take = ({ target }) => onGiven(target.validity.badInput ? UNREADABLE : target.value);
  const shown = given === UNREADABLE ? undefined : given ?? "";
  return html`<input ...${told} ...${steps} type=${type} autocomplete="off" placeholder=${placeholder} value=${shown} onInput=${take} />`;
}

function manyLines({ told, given, onGiven, placeholder, look, rows = 1 }) {
  const take = ({ target }) => onGiven(target.value);
  return html`<textarea ...${told} rows=${rows} class=${look} placeholder=${placeholder} value=${given ?? ""} onInput=${take} />`;
}

function FileInput({ told, given, onGiven }) {
  const take = (file) => file !== undefined && onGiven(file);
  const drop = (event) => {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  };
  return html`
    <div class="drop" onDragOver=${(event) => event.preventDefault()} onDrop=${drop}>
      <input ...${told} type="file" onChange=${({ target }) => take(target.files[0])} />
      <span class="faint">${given === undefined ? "or drop a file here" : `${given.name}, ${given.size} bytes`}</span>
    </div>
  `;
}

function shownConstant(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}
