/** A form for the arguments of a method, and what comes of the call. */
import { html } from "./html.js";
import { FormInput } from "./form_input.js";
import { begun } from "./given.js";
import { Entry } from "./nested_inputs.js";
import { argumentsOf } from "./read_given.js";
import { useCall } from "./use_call.js";
import { useForm } from "./use_form.js";
import { Outcome } from "./outcome.js";

export function CallForm({ plugin, method, form, label }) {
  const { description, named, positional, shared } = form;
  const { outcome, run, cancel } = useCall({ plugin, endpoint: method });
  const { given, give, problems, form: element } = useForm({
    begin: () => ({ named: begun(named), positional: positional?.min > 0 ? begun(positional) : undefined }),
    read: (given) => argumentsOf(form, given),
    onRead: ({ args, kwargs }) => run({ args, kwargs }),
  });
  const context = { shared, problems };
  const isRunning = outcome?.state === "running";
  return html`
    <form class="call" ...${element}>
      ${description && html`<p class="description">${description}</p>`}
      ${positional && html`
        <${Entry} label="positional" input=${positional} given=${given
          .positional} place="/args" form=${context} isRequired=${positional.min > 0}
          description="Arguments without names, in their order" onGiven=${(value) => give({ ...given, positional: value })} />
      `}
      <${FormInput} label="arguments" input=${named} given=${given.named} place="/kwargs" form=${context}
        onGiven=${(value) => give({ ...given, named: value })} />
      <button disabled=${isRunning}>${label}</button>
      ${isRunning && html`
        <button type="button" class="quiet" onClick=${cancel}>Cancel</button>
      `}
    </form>
    ${outcome && html`<${Outcome} outcome=${outcome} />`}
  `;
}
