/**
 * The page on which a gateway is read and tried. A browser gets all of it from here, and asks no other server.
 *
 * @module
 */
import { PACKAGE_RELEASES, packageText } from "../../dashboard/package_text.ts";
import { pagePolicy } from "../../dashboard/page_safety.ts";
import script from "./page.js" with { type: "text" };

/** One file of the page. */
export interface PageFile {
  /** What it is. */
  readonly mediaType: string;
  /** Its text. */
  readonly text: string;
  /** Whether it is that of one release for ever. */
  readonly isFixed: boolean;
}

/** Swagger UI puts styles into its elements, and shows results that it has in memory. */
export const PAGE_POLICY: string = pagePolicy({ styles: "'self' 'unsafe-inline'", images: "'self' data: blob:" });

const SWAGGER_UI = PACKAGE_RELEASES["swagger-ui-dist"];

const HTML = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Plugins</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css?${SWAGGER_UI}">
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
<script src="docs/swagger-ui.js?${SWAGGER_UI}" defer></script>
<script src="docs/page.js" defer></script>
</html>
`;

/** The files of the page by their paths behind `/docs`; that of the page itself is empty. */
export const PAGE_FILES: Readonly<Record<string, () => Promise<PageFile>>> = {
  "": () => Promise.resolve({ mediaType: "text/html; charset=utf-8", text: HTML, isFixed: false }),
  "page.js": () => Promise.resolve({ mediaType: "text/javascript; charset=utf-8", text: script, isFixed: false }),
  "swagger-ui.js": () => fromPackage("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
  "swagger-ui.css": () => fromPackage("swagger-ui.css", "text/css; charset=utf-8"),
};

async function fromPackage(file: string, mediaType: string): Promise<PageFile> {
  return { mediaType, text: await packageText("swagger-ui-dist", file), isFixed: true };
}
