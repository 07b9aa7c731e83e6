/** The inputs of a whole form, which may also be written as JSON. */
import { html } from "./html.js";
import { useState } from "preact/hooks";
import { givenOf, isSame } from "./given.js";
import { Entry, NestedInput } from "./nested_inputs.js";
import { NEEDED, readGiven } from "./read_given.js";

export function FormInput({ label, input, given, onGiven, place, form }) {
  const [problem, setProblem] = useState("");
  if (input.kind === "json") return html`<${Entry} ...${{ label, input, given, onGiven, place, form }} />`;
  const isWritten = "json" in given;
  const change = () => {
    const changed = isWritten ? asFields({ input, given, form, place }) : asJson({ input, given, form, place });
    setProblem(changed.problem ?? "");
    if (changed.problem === undefined) onGiven(changed.given);
  };
  return html`
    ${isWritten
      ? html`<${Entry} ...${{ label, input, given, onGiven, place, form }} />`
      : html`<${NestedInput} ...${{ label, input, given, onGiven, place, form }} />`}
    ${!isWritten && form.problems.has(place) && html`<p class="problem">${form.problems.get(place)}</p>`}
    <p role="alert" class="problem">${problem}</p>
    <p class="switch"><button type="button" class="quiet small" onClick=${change}>${isWritten
      ? "Show as fields"
      : "Write as JSON"}</button></p>
  `;
}

function asJson({ input, given, form, place }) {
  const { value, problems } = readGiven(input, given, { shared: form.shared, place });
  if ([...problems.values()].some((one) => one !== NEEDED)) {
    return { problem: "Correct the fields first: JSON cannot show what is wrong in them" };
  }
  let hasFile = false;
  const json = JSON.stringify(value, (_name, one) => {
    hasFile ||= one instanceof File;
    return one;
  }, 2);
  return hasFile ? { problem: "JSON cannot show a file" } : { given: { json } };
}

function asFields({ input, given, form, place }) {
  const { value = {}, problems } = readGiven(input, given, { shared: form.shared, place });
  if (problems.size > 0) return { problem: "This is no JSON" };
  const shown = givenOf(input, value, form.shared);
  const isWhole = shown !== undefined && isSame(readGiven(input, shown, { shared: form.shared, place }).value, value);
  return isWhole ? { given: shown } : { problem: "The fields cannot show all of this" };
}
