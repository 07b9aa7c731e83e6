/** The page begins here. */
import { render } from "preact";
import { html } from "./html.js";
import { App } from "./app.js";

render(html`<${App} />`, document.getElementById("app"));

/** A file that is dropped beside a field would take the place of the page. */
function keepPage(event) {
  if (event.defaultPrevented || !event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "none";
}
addEventListener("dragover", keepPage);
addEventListener("drop", keepPage);
