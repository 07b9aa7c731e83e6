/** Inputs in inputs: objects, lists, and values of several kinds. */
import { html } from "./html.js";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { begun, givenOf, isSimple, itemInput, itemOf, resolved } from "./given.js";
import { noteOf } from "./input_notes.js";
import { placeIn } from "./read_given.js";
import { SimpleInput } from "./simple_inputs.js";

/**
 * One value with its name. `form` has what all inputs of a form share, and what is wrong by its place. `children` are buttons for the whole of it.
 */
export function Entry({ label, input, given, onGiven, place, form, isRequired, isAdded, description = "", standard = "", children }) {
  const id = useId();
  // What is wrong with the one kind of a union is told there.
  const isTold = input.kind === "union" && given !== undefined;
  const problem = isTold ? undefined : form.problems.get(place);
  const note = noteOf(input, description);
  const isWritten = typeof given === "object" && "json" in given;
  const described = [note && `${id}-note`, problem && `${id}-problem`].filter(Boolean).join(" ") || undefined;
  const texts = html`
    ${note && html`<p id=${`${id}-note`} class="faint">${note}</p>`}
    ${problem && html`<p id=${`${id}-problem`} class="problem">${problem}</p>`}
  `;
  const needed = isRequired && input.kind !== "constant" && html`<span class="faint">needed</span>`;
  if (isSimple(input) || isWritten) {
    const simple = isWritten
      ? { input: { kind: "json" }, given: given.json, onGiven: (json) => onGiven({ json }) }
      : { input, given, onGiven, placeholder: standard };
    return html`
      <div class="field">
        <label for=${id}>${label} ${needed}</label>
        <div class="row">
          <${SimpleInput} ...${simple} told=${{
            id,
            required: isRequired,
            "aria-describedby": described,
            "aria-invalid": problem && "true",
          }} />
          ${children}
        </div>
        ${texts}
      </div>
    `;
  }
  const begin = () => onGiven(standard === "" ? begun(resolved(input, form.shared)) : givenOf(input, JSON.parse(standard), form.shared));
  const isOptional = !isRequired && !isAdded;
  return html`
    <fieldset aria-describedby=${described} data-invalid=${problem && "true"} tabindex="-1">
      <legend>${label} ${needed}</legend>
      ${texts}
      ${given === undefined
        ? html`<p>
            <button type="button" class="quiet small" aria-label=${`Set ${label}`} onClick=${begin}>Set</button>
            ${
          standard && html`
            <code class="faint">${standard}</code>
          `
        }
          </p>`
        : html`<${NestedInput} ...${{ label, input: resolved(input, form.shared), given, onGiven, place, form }} />`}
      ${given !== undefined && isOptional && html`
        <button type="button" class="quiet small" aria-label=${`Leave out ${label}`} onClick=${() => onGiven(undefined)}>Leave out</button>
      `}
      ${children}
    </fieldset>
  `;
}

/** What stands in an object, a list or a union. */
export function NestedInput(options) {
  return html`<${VIEWS[options.input.kind]} ...${options} />`;
}

const VIEWS = { object: ObjectInput, list: ListInput, union: UnionInput };

function ObjectInput({ label, input, given, onGiven, place, form }) {
  const { members, others } = given;
  return html`
    ${input.fields.map((field) =>
      html`
        <${Entry} key=${field.name} ...${field} label=${field.name} given=${members[field.name]} form=${form}
          place=${placeIn(place, field.name)} onGiven=${(value) => onGiven({ others, members: { ...members, [field.name]: value } })} />
      `
    )}
    ${input.others && html`
      <${OtherMembers} ...${{ label, input: input.others, others, place, form }} onOthers=${(changed) =>
        onGiven({ members, others: changed })} />
    `}
  `;
}

/** Members whose names are chosen here. */
function OtherMembers({ label, input, others, onOthers, place, form }) {
  const [name, setName] = useState("");
  const id = useId();
  const isTaken = name === "" || others.some((one) => one.name === name);
  const add = () => {
    onOthers([...others, { name, ...itemOf(begun(resolved(input, form.shared))) }]);
    setName("");
  };
  const addByKey = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (!isTaken) add();
  };
  return html`
    ${others.map((one, at) =>
      html`
        <${Entry} key=${one.id} isAdded label=${one.name} input=${input} given=${one.given} place=${placeIn(place, `+${at}`)} form=${form}
          onGiven=${(value) => onOthers(others.with(at, { ...one, given: value }))}>
          <button type="button" class="quiet small" aria-label=${`Remove ${one.name}`} onClick=${() =>
            onOthers(others.toSpliced(at, 1))}>Remove</button>
          </${Entry}>
      `
    )}
    <p class="row">
      <label for=${id} class="faint">One more</label>
      <input id=${id} placeholder="its name" aria-label=${`The name of one more of ${label}`} value=${name} onKeyDown=${addByKey}
        onInput=${({ target }) => setName(target.value)} />
      <button type="button" class="quiet small" disabled=${isTaken} aria-label=${`Add one more to ${label}`} onClick=${add}>Add</button>
    </p>
  `;
}

function ListInput({ label, input, given: { items }, onGiven, place, form }) {
  const most = Math.min(input.max ?? Infinity, input.rest === undefined ? input.first.length : Infinity);
  const change = (changed) => onGiven({ items: changed });
  const { list, focus } = useFocus();
  const move = (at, to) => {
    change(items.with(at, items[to]).with(to, items[at]));
    focus(to < at ? [`up-${to}`, `down-${to}`] : [`down-${to}`, `up-${to}`]);
  };
  const remove = (at) => {
    change(items.toSpliced(at, 1));
    focus([`remove-${Math.min(at, items.length - 2)}`, "add"]);
  };
  const button = ({ at, name, text, aria, isOff, act }) =>
    html`
      <button type="button" class="quiet small" data-action=${`${name}-${at}`} aria-label=${`${aria} of ${label}`} disabled=${isOff}
        onClick=${act}>${text}</button>
    `;
  return html`
    <div ref=${list}>
      <ol class="items">${items.map((one, at) =>
        html`
          <li key=${one.id}>
            <${Entry} isAdded label=${`${label} ${at + 1}`} input=${itemInput(input, at)} given=${one.given} place=${placeIn(
              place,
              at,
            )} form=${form}
              onGiven=${(value) => change(items.with(at, { ...one, given: value }))}>
              <span class="buttons">
                ${button({ at, name: "up", text: "↑", aria: `Move up item ${at + 1}`, isOff: at === 0, act: () => move(at, at - 1) })}
                ${button({
                  at,
                  name: "down",
                  text: "↓",
                  aria: `Move down item ${at + 1}`,
                  isOff: at === items.length - 1,
                  act: () => move(at, at + 1),
                })}
                ${button({ at, name: "remove", text: "Remove", aria: `Remove item ${at + 1}`, isOff: false, act: () => remove(at) })}
              </span>
              </${Entry}>
              </li>
        `
      )}</ol>
      <button type="button" class="quiet small" data-action="add" disabled=${items.length >= most} aria-label=${`Add an item to ${label}`}
        onClick=${() => change([...items, itemOf(begun(resolved(itemInput(input, items.length), form.shared)))])}>Add</button>
    </div>
  `;
}

/** Whoever works by keys stays where the item is, or where it was. */
function useFocus() {
  const list = useRef(null);
  const wanted = useRef([]);
  useLayoutEffect(() => {
    const found = wanted.current.map((name) => list.current.querySelector(`:scope [data-action="${name}"]:enabled`));
    found.find((button) => button !== null)?.focus();
    wanted.current = [];
  });
  return { list, focus: (names) => wanted.current = names };
}

function UnionInput({ label, input, given, onGiven, place, form }) {
  const id = useId();
  const { title, input: chosen } = input.options[given.option];
  const choose = ({ target }) => {
    const option = Number(target.value);
    onGiven({ option, given: begun(resolved(input.options[option].input, form.shared)) });
  };
  return html`
    <p class="row">
      <label for=${id} class="faint">Kind</label>
      <select id=${id} aria-label=${`The kind of ${label}`} value=${given.option} onChange=${choose}>
        ${input.options.map((one, at) => html`<option value=${at}>${one.title}</option>`)}
      </select>
    </p>
    ${chosen.kind !== "constant" && html`
      <${Entry} key=${given.option} isAdded label=${title} input=${chosen} given=${given.given} place=${place} form=${form}
        onGiven=${(value) => onGiven({ option: given.option, given: value })} />
    `}
  `;
}
