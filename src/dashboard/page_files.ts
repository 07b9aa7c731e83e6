/**
 * The files of the page on which plugins are seen. All of it is served from here: it asks no other server.
 *
 * @module
 */
import { gunzipSync } from "node:zlib";
import { PAGE_TEXTS, PAGE_VERSION } from "./generated/page.ts";

/** A file that is served under a name that another one never has. */
export interface PageFile {
  readonly mediaType: string;
  readonly text: Uint8Array<ArrayBuffer>;
  readonly isCompressed: boolean;
  readonly isFixed: true;
}

const TEXTS = {
  "page.js": { mediaType: "text/javascript; charset=utf-8", base64: PAGE_TEXTS.js },
  "page.css": { mediaType: "text/css; charset=utf-8", base64: PAGE_TEXTS.css },
} as const;

/** A file of the page, as its client reads it. */
export function pageFile(name: string, takesGzip: boolean): PageFile {
  const { mediaType, base64 } = TEXTS[name as keyof typeof TEXTS];
  const bytes = Uint8Array.fromBase64(base64);
  return { mediaType, text: takesGzip ? bytes : new Uint8Array(gunzipSync(bytes)), isCompressed: takesGzip, isFixed: true };
}

/** The page itself, of a gateway below a path. */
export function pageHtml(basePath: string): string {
  const base = basePath.replaceAll(/[&"<>]/g, (character) => `&#${character.charCodeAt(0)};`);
  const file = (name: string) => `${base}/dashboard/${name}?${PAGE_VERSION}`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Plugins</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${file("page.css")}">
<body data-base="${base}">
<div id="app"></div>
<script src="${file("page.js")}" type="module"></script>
</body>
</html>
`;
}
