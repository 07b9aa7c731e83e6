"use strict";

/**
 * What Swagger UI is asked to show.
 *
 * @typedef {{ components: { securitySchemes: Record<string, unknown> } }} Description
 * @typedef {{ preauthorizeApiKey: (scheme: string, token: string) => void }} Shown
 */

const form = /** @type {HTMLFormElement} */ (document.querySelector("form"));
const status = /** @type {HTMLElement} */ (document.querySelector("[role=status]"));

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  // The token stays in the memory of this page.
  const token = String(new FormData(form).get("token"));
  status.textContent = "Asking the plugins what they take …";
  const response = await fetch("openapi.json", { headers: { authorization: `Bearer ${token}` } }).catch(() => undefined);
  const answer = await response?.json().catch(() => undefined);
  if (!response?.ok || answer === undefined) {
    status.textContent = answer?.detail ?? "The gateway does not answer";
    return;
  }
  if (!("SwaggerUIBundle" in globalThis)) {
    status.textContent = "The gateway could not fetch Swagger UI from npm. The description itself is at openapi.json";
    return;
  }
  form.remove();
  show(answer, token);
});

/**
 * @param {Description} spec
 * @param {string} token
 */
function show(spec, token) {
  const { SwaggerUIBundle } = /** @type {{ SwaggerUIBundle: (options: object) => Shown }} */ (/** @type {unknown} */ (globalThis));
  const ui = SwaggerUIBundle({
    spec,
    dom_id: "#api",
    deepLinking: true,
    defaultModelsExpandDepth: -1,
    displayRequestDuration: true,
    filter: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    onComplete() {
      for (const scheme of Object.keys(spec.components.securitySchemes)) ui.preauthorizeApiKey(scheme, token);
    },
  });
}
