/**
 * The page on which a gateway is read and tried. All of it is served from here: it asks no other server, and works without a network.
 *
 * @module
 */
import { SWAGGER_UI_FILES, SWAGGER_UI_VERSION } from "../generated/swagger_ui.ts";

/** One file of the page. */
export interface PageFile {
  /** What it is. */
  readonly mediaType: string;
  /** Its bytes; those of Swagger UI are compressed by gzip. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether the bytes are compressed. They are another file's in another release then, and may be kept. */
  readonly isCompressed: boolean;
}

/** Nothing but what comes from here may run, and nothing else is asked. Swagger UI puts styles into its elements, and shows results that it has in memory. */
export const PAGE_POLICY: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "media-src blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HTML = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Plugins</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css?${SWAGGER_UI_VERSION}">
<style>
  body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
  form { max-width: 28rem; margin: 20vh auto 0; padding: 0 1rem; }
  input { width: 100%; box-sizing: border-box; font: inherit; padding: .5rem; margin: .5rem 0; }
  button { font: inherit; padding: .5rem 1.5rem; }
</style>
<form>
  <h1>Plugins</h1>
  <label for="token">The token of this gateway</label>
  <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
  <button>Show what there is</button>
  <p role="status"></p>
</form>
<div id="api"></div>
<script src="docs/swagger-ui.js?${SWAGGER_UI_VERSION}" defer></script>
<script src="docs/page.js" defer></script>
</html>
`;

/** The token stays in the memory of the page. Swagger UI sends it with each request that is tried. */
const SCRIPT = `"use strict";
const form = document.querySelector("form");
const status = document.querySelector("[role=status]");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const token = form.elements.token.value;
  status.textContent = "Asking the plugins what they take …";
  const response = await fetch("openapi.json", { headers: { authorization: "Bearer " + token } }).catch(() => undefined);
  const answer = await response?.json().catch(() => undefined);
  if (!response?.ok || answer === undefined) {
    status.textContent = answer?.detail ?? "The gateway does not answer";
    return;
  }
  form.remove();
  show(answer, token);
});

function show(spec, token) {
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
`;

/** The files of the page by their paths behind `/docs`; that of the page itself is empty. */
export const PAGE_FILES: Readonly<Record<string, () => PageFile>> = {
  "": () => written("text/html; charset=utf-8", HTML),
  "page.js": () => written("text/javascript; charset=utf-8", SCRIPT),
  "swagger-ui.js": () => compressed("text/javascript; charset=utf-8", SWAGGER_UI_FILES.js),
  "swagger-ui.css": () => compressed("text/css; charset=utf-8", SWAGGER_UI_FILES.css),
  "licenses.txt": () => compressed("text/plain; charset=utf-8", SWAGGER_UI_FILES.licenses),
};

function written(mediaType: string, text: string): PageFile {
  return { mediaType, bytes: new TextEncoder().encode(text), isCompressed: false };
}

function compressed(mediaType: string, base64: string): PageFile {
  return { mediaType, bytes: Uint8Array.fromBase64(base64), isCompressed: true };
}
