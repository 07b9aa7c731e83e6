/** Tabs, by the pattern of the ARIA Authoring Practices: one is reached by Tab, the others by arrows, Home and End. */
import { html } from "./html.js";
import { useId, useRef } from "preact/hooks";

export function Tabs({ label, tabs, chosen, onChoose, children }) {
  const id = useId();
  const list = useRef(null);
  const at = tabs.findIndex(({ name }) => name === chosen);
  const follow = (event) => {
    const to = KEYS[event.key]?.(at, tabs.length);
    if (to === undefined) return;
    event.preventDefault();
    onChoose(tabs[to].name);
    list.current.children[to].focus();
  };
  return html`
    <div class="tabs" role="tablist" aria-label=${label} ref=${list} onKeyDown=${follow}>${tabs.map(({ name, label }) =>
      html`
        <button key=${name} type="button" role="tab" id=${`${id}-${name}`} aria-selected=${name === chosen} aria-controls=${`${id}-panel`}
          tabindex=${name === chosen ? 0 : -1} onClick=${() => onChoose(name)}>${label}</button>
      `
    )}</div>
    <div role="tabpanel" id=${`${id}-panel`} aria-labelledby=${`${id}-${chosen}`}>${children}</div>
  `;
}

/** Where a key leads: behind the last one is the first. */
const KEYS = {
  ArrowLeft: (at, count) => (at + count - 1) % count,
  ArrowRight: (at, count) => (at + 1) % count,
  Home: () => 0,
  End: (_at, count) => count - 1,
};
